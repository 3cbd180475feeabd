"""Prices of chat models, read from a dated YAML file that a user can override.

A model without a price is rejected, never treated as free.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.keys import setting
from veritrain_lib.llm.records import Endpoint, Usage

BUILT_IN = Path(__file__).with_name("prices.yaml")
KEYS = {"input", "cached", "output", "training", "hosting", "max_output", "same_as"}
MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """Price of a chat model; token prices are in US dollars for a million tokens.

    Attributes:
        name: Name of the entry in the price file.
        date: Date of the price file (YYYY-MM-DD).
        input: Price of input tokens.
        cached: Price of cached input tokens.
        output: Price of output tokens.
        training: Price of trained tokens; None when not given.
        hosting: US dollars per hour for a deployed fine-tuned model; None when not given.
        max_output: Maximum number of tokens of one answer; None when not given.
    """

    name: str
    date: str
    input: float
    cached: float
    output: float
    training: float | None = None
    hosting: float | None = None
    max_output: int | None = None

    def of(self, usage: Usage) -> float:
        """Return the cost of a chat model's answer in US dollars, from its token counts."""
        cached = min(usage.cached_tokens, usage.input_tokens)
        fresh = usage.input_tokens - cached
        return (fresh * self.input + cached * self.cached + usage.output_tokens * self.output) / MILLION


def price_of(endpoint: Endpoint) -> Price:
    """Return the price of an endpoint's model.

    The price is looked up in the file that `VERITRAIN_PRICES` names, then in the built-in file: each time by
    address, by model name, and for a fine-tuned model by `ft:BASE`.

    Raises:
        UserError: There is no entry, or a price file can't be read.
    """
    return find_price(endpoint.address, endpoint.model)


def find_price(address: str, model: str) -> Price:
    """Return the price of a chat model by its address and name.

    It works like `price_of`, for a model without an endpoint, such as a base model that is to be trained.

    Args:
        address: Address of the model, such as `openai:/MODEL`.
        model: Name of the model.

    Raises:
        UserError: There is no entry, or a price file can't be read.
    """
    names = [address, model]
    if model.startswith("ft:"):
        names.append(":".join(model.split(":")[:2]))
    tables = [_read(file) for file in _files()]
    for table in tables:
        for name in names:
            if name in table["models"]:
                return _entry(tables, table, name)
    raise UserError(
        f"no price is known for {address}: an unknown price is not free. Write an entry for {model!r} into a "
        f"copy of {BUILT_IN.name} (0 for a model of your own) and name the file in VERITRAIN_PRICES"
    )


def _files() -> list[Path]:
    override = setting("VERITRAIN_PRICES")
    return [*([Path(override).expanduser()] if override else []), BUILT_IN]


def _read(file: Path) -> dict[str, Any]:
    from veritrain_lib.yaml_file.read import read_yaml

    document = read_yaml(file)
    if document.mistakes:
        raise UserError(document.format_mistakes(document.mistakes))
    table = document.content
    models = table.get("models") if isinstance(table, dict) else None
    if not isinstance(models, dict) or not _is_date(table.get("date")):
        raise UserError(
            f"the price file {file} needs `date: YYYY-MM-DD` and `models:`; {BUILT_IN} shows both"
        )
    return {"date": table["date"], "models": models, "file": file}


def _is_date(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.date.fromisoformat(value))
    except ValueError:
        return False


def _entry(
    tables: list[dict[str, Any]], table: dict[str, Any], name: str, seen: tuple[str, ...] = ()
) -> Price:
    location = f"the entry {name!r} in {table['file']}"
    entry = table["models"][name]
    if not isinstance(entry, Mapping) or not set(entry) <= KEYS:
        raise UserError(f"{location} has to be a mapping with keys of {', '.join(sorted(KEYS))}")
    if "same_as" in entry:
        other = str(entry["same_as"])
        for candidate in tables:
            if other in candidate["models"] and other not in seen:
                return _entry(tables, candidate, other, (*seen, name))
        raise UserError(f"{location} is the same as {other!r}, which has no entry of its own")
    number = {key: _number(location, key, entry[key]) for key in entry}
    if not {"input", "output"} <= set(number):
        raise UserError(f"{location} needs input and output, in US dollars for a million tokens")
    max_output = number.get("max_output")
    return Price(
        name, table["date"], number["input"], number.get("cached", number["input"]), number["output"],
        number.get("training"), number.get("hosting"), None if max_output is None else int(max_output),
    )  # fmt: skip


def _number(location: str, key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise UserError(f"{location}: {key} is {value!r}; it has to be a number from 0")
    return float(value)
