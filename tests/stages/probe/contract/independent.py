"""The independent verdict: is a text JSON, and does a JSON Schema accept it?

Neither half is the product's. Whether a text is JSON says pydantic's reader (jiter); the schema is judged by the
package `jsonschema`, with two corrections where its own documentation leaves the standard:

- numbers are compared exactly (decimals, fractions), because JSON Schema knows numbers and not doubles; by
  itself the package finds that 0.3 is no multiple of 0.1, as Python's floats do;
- patterns are read as ECMA-262 means them: `\\d` and `\\w` are ASCII, `$` is the end and not the line before it.

`format` is not asserted, the default of draft 2020-12.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import jsonschema
import pydantic_core
from jsonschema.validators import extend, validator_for


def verdicts(schema: Any, texts: list[str]) -> list[bool]:
    """For each text whether it is JSON that the schema accepts."""
    judge = checker(schema)
    return [is_json(text) and judge.is_valid(json.loads(text, parse_float=Decimal)) for text in texts]


def is_json(text: str) -> bool:
    """Whether a text is JSON and nothing around it; a lone half of a surrogate pair is no character."""
    try:
        pydantic_core.from_json(text, allow_inf_nan=False)
    except ValueError:
        return False
    return True


def checker(schema: Any) -> Any:
    """A validator of the schema, of the dialect that it names."""
    exact = json.loads(json.dumps(_in_python(schema)), parse_float=Decimal)
    base = validator_for(schema, default=jsonschema.Draft202012Validator)
    types = base.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number})
    return extend(base, {"multipleOf": _multiple_of}, type_checker=types)(exact)


def _is_number(_: Any, value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _is_integer(_: Any, value: Any) -> bool:
    return _is_number(_, value) and value == Decimal(value).to_integral_value()


def _multiple_of(_: Any, factor: Any, value: Any, __: Any) -> Any:
    if _is_number(_, value) and (Fraction(value) / Fraction(factor)).denominator != 1:
        yield jsonschema.ValidationError(f"{value} is no multiple of {factor}")


def _in_python(schema: Any) -> Any:
    """The schema with its ECMA-262 patterns as Python's."""
    if isinstance(schema, list):
        return [_in_python(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {}
    for key, value in schema.items():
        if key == "pattern" and isinstance(value, str):
            found[key] = _pattern(value)
        elif key == "patternProperties" and isinstance(value, dict):
            found[key] = {_pattern(name): _in_python(one) for name, one in value.items()}
        elif key in ("const", "enum"):
            found[key] = value
        else:
            found[key] = _in_python(value)
    return found


_ESCAPES = {r"\d": "[0-9]", r"\w": "[A-Za-z0-9_]", r"\p{L}": r"[^\W\d_]", "$": r"\Z"}


def _pattern(ecma: str) -> str:
    return re.sub(r"\\p\{L\}|\\.|\$", lambda found: _ESCAPES.get(found[0], found[0]), ecma)
