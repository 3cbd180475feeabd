"""Sixty schemas written by hand, each where validators differ or programmers err, with answers for each."""

from __future__ import annotations

from typing import Any

DRAFT7 = "http://json-schema.org/draft-07/schema#"
DRAFT6 = "http://json-schema.org/draft-06/schema#"
DRAFT4 = "http://json-schema.org/draft-04/schema#"
DRAFT2019 = "https://json-schema.org/draft/2019-09/schema"

_TREE = {"$defs": {"node": {"type": "object", "properties": {"value": {"type": "integer"}, "next": {"$ref": "#/$defs/node"}}, "required": ["value"], "additionalProperties": False}}, "$ref": "#/$defs/node"}  # fmt: skip

HARD: list[tuple[Any, list[str]]] = [
    # Numbers: a whole number written with a point or an exponent is an integer; size and digits have no end.
    ({"type": "integer"}, ["1", "1.0", "1e2", "1.5", "-0", "-0.0", "1e-1", "10e-1", "true", '"1"', "1e400", "12345678901234567890123", "1.0000000000000000001", "01", "+1", "1.", ".5", "0x1", "1_000"]),
    ({"type": "number"}, ["1e400", "-1e400", "1e-400", "NaN", "Infinity", "-Infinity", "nan", "0", "-0.0"]),
    ({"maximum": 5}, ["1e400", "-1e400", "5", "5.0", "5.000000000000000000001", "4.999999999999999999999", '"6"', "null"]),
    ({"maximum": 9007199254740992}, ["9007199254740992", "9007199254740993", "9007199254740992.5", "9007199254740993.0"]),
    ({"maximum": 18446744073709551616}, ["18446744073709551615", "18446744073709551616", "18446744073709551617"]),
    ({"minimum": -(10**30)}, ["-1e30", "-1e31", "-1000000000000000000000000000001", "-999999999999999999999999999999.9"]),
    ({"exclusiveMinimum": 0}, ["0", "-0.0", "1e-400", "0.0", "5e-324", "1"]),
    ({"exclusiveMaximum": 0.1}, ["0.1", "0.10", "0.09999999999999999999", "1e-1"]),
    ({"multipleOf": 0.1}, ["0.3", "0.7", "1.1", "4.35", "0", "1e308", "1e-400", "-0.6"]),
    ({"multipleOf": 0.01}, ["0.07", "19.99", "1.13", "0.075", "1e2"]),
    ({"multipleOf": 7}, ["14.0", "1e30", "70000000000000000000000000000", "7e400", "1e400", "0", '"7"']),
    ({"multipleOf": 1e-8}, ["1e-8", "12391239123", "0.00000001", "1e-9", "0.000000015"]),
    ({"const": 1}, ["1", "1.0", "true", "1e0", '"1"', "[1]", "0.99999999999999999999"]),
    ({"const": 10**25}, ["10000000000000000000000000", "1e25", "10000000000000000000000001"]),
    ({"const": 0.1}, ["0.1", "0.10", "1e-1", "0.1000000000000000055"]),
    ({"enum": [0, "a", None]}, ["0", "0.0", "-0", "false", '"a"', '"A"', "null", '""', "[]"]),
    ({"const": False}, ["false", "0", "0.0", '""', "null", "False"]),
    ({"const": {"a": [1, {"b": None}]}}, ['{"a":[1,{"b":null}]}', '{"a":[1.0,{"b":null}]}', '{"a":[true,{"b":null}]}', '{"a":[1,{"b":null,"c":1}]}', '{"a":[{"b":null},1]}']),
    ({"enum": [[1, 2], {"x": 1, "y": 2}]}, ["[1,2]", "[2,1]", "[1.0,2]", '{"y":2,"x":1}', '{"x":1}']),
    # Texts: length in code points, not bytes, units or what a reader sees as one letter.
    ({"maxLength": 1}, ['"a"', '"👍"', '"é"', '"e\\u0301"', '"👨‍👩‍👧"', '"\\ud83d\\udc4d"', '""', '"ab"', "12", '"\\ud800"', '"日"', '"日本"']),
    ({"minLength": 2}, ['"👍"', '"👍👍"', '"é"', '"e\\u0301"', '"\\u0000\\u0000"', '"\\n"', '"\\\\"']),
    ({"type": "string", "minLength": 1}, ['""', '" "', '"\\u200b"', '"\\ud800"', '"\\udc00\\ud800"', '"a\nb"', '"a\\nb"', "'a'", '"a', '"\\x41"']),
    ({"pattern": "^\\d+$"}, ['"1"', '"١"', '"1\\n"', '"12a"', '""', "1", '"\\n1"']),
    ({"pattern": "^\\w+$"}, ['"a_1"', '"é"', '"日"', '"a b"', '"a\\n"']),
    ({"pattern": "^\\p{L}+$"}, ['"é"', '"日本"', '"a1"', '"_"', '""']),
    ({"pattern": "b"}, ['"abc"', '"ac"', '"B"', "0"]),
    ({"pattern": "^(?!.*secret).*$"}, ['"a"', '"a secret"', '""']),
    ({"pattern": "^(a+)+$"}, ['"aaaaaaaaaaaaaaaaaaaa"', '"b"']),
    ({"pattern": "^.$"}, ['"a"', '"👍"', '"ab"']),
    ({"pattern": "^[^\\u0000-\\u001f]*$"}, ['"plain"', '"tab\\t"', '"日本"']),
    # `format` is not asserted: any text passes, whatever the format says.
    ({"type": "string", "format": "date-time"}, ['"2024-02-30T25:00:00Z"', '"never"', "20240101"]),
    ({"type": "string", "format": "email"}, ['"x"', '"a@b.c"', "null"]),
    ({"format": "ipv4", "maxLength": 9}, ['"999.999.9"', '"999.999.999"', "4"]),
    ({"format": "no-such-format"}, ['"x"', "1"]),
    ({"$schema": DRAFT7, "format": "date"}, ['"2024-13-45"', "1"]),
    # Objects.
    ({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}, ['{"a":1}', '{"a":"x","a":1}', '{"a":1,"a":"x"}', '{"A":1}', "{}", "[]", '{"a":1,}', '{a:1}', '{"a":1}//', '\ufeff{"a":1}', '{"a":NaN}']),
    ({"additionalProperties": False, "properties": {"": {}}, "patternProperties": {"^x-": {"type": "string"}}}, ['{"":1}', '{"x-a":"b"}', '{"x-a":1}', '{"X-a":"b"}', '{" ":1}', "{}", "1"]),
    ({"patternProperties": {"a": {"type": "integer"}, "^.{2}$": {"minimum": 5}}}, ['{"ab":7}', '{"ab":3}', '{"ba":"x"}', '{"a":1}', '{"b":"x"}', '{"日本":4}']),
    ({"patternProperties": {"^[0-9]+$": False}, "minProperties": 1}, ['{"1":1}', '{"a":1}', "{}", '{"１":1}']),
    ({"dependentRequired": {"a": ["b", "c"], "d": []}}, ['{"a":1}', '{"a":1,"b":1,"c":null}', '{"b":1}', '{"d":1}', "[]", '{"a":1,"b":1}']),
    ({"dependentSchemas": {"card": {"required": ["address"], "properties": {"card": {"pattern": "^[0-9]{4}$"}}}}}, ['{"card":"1234","address":1}', '{"card":"1234"}', '{"card":1,"address":1}', '{"address":1}']),
    ({"propertyNames": {"pattern": "^[a-z]+$", "maxLength": 3}}, ['{"abc":1}', '{"abcd":1}', '{"A":1}', "{}", '{"":1}']),
    ({"minProperties": 2, "maxProperties": 2}, ['{"a":1,"b":2}', '{"a":1,"a":2}', '{"a":1}', "[1]"]),
    ({"required": ["__proto__", "toString"]}, ['{"__proto__":1,"toString":2}', "{}", '{"toString":1}']),
    # Arrays.
    ({"prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False}, ["[]", "[1]", '[1,"a"]', '[1,"a",2]', '["a"]', "{}"]),
    ({"$schema": DRAFT7, "items": [{"type": "integer"}], "additionalItems": {"type": "string"}}, ['[1,"a"]', "[1,2]", '["a"]', "[]"]),
    ({"$schema": DRAFT2019, "items": [{"type": "integer"}, True], "unevaluatedItems": False}, ["[1]", "[1,2]", "[1,2,3]", '["a"]']),
    ({"contains": {"const": 1}, "minContains": 2, "maxContains": 3}, ["[1,1]", "[1]", "[1,1.0,1e0]", "[1,1,1,1]", "[true,1]", "{}"]),
    ({"contains": {"type": "string"}, "minContains": 0}, ["[]", "[1]", '["a"]']),
    ({"uniqueItems": True}, ["[1,1.0]", "[1,true]", "[0,false]", '[{"a":1,"b":2},{"b":2.0,"a":1}]', "[[1],[true]]", '["a","A"]', '["é","e\\u0301"]', "[[],{}]", "[null,null]", "[10000000000000000000000000,1e25]"]),
    ({"unevaluatedItems": {"type": "string"}, "anyOf": [{"prefixItems": [{"type": "integer"}]}, {"prefixItems": [True, {"type": "integer"}]}]}, ["[1]", '[1,"a"]', "[1,2]", '["x",2]', '["x",2,3]']),
    # Combined, conditional, unevaluated.
    ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, ["1", "2.5", "3", '"a"', "1.5", "2.0"]),
    ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"a": {"type": "string"}}}, ['{"a":"x"}', '{"b":1}', '{"a":"x","b":1}', '{"a":1}', "{}", "7"]),
    ({"not": {"anyOf": [{"type": "string"}, {"properties": {"a": False}}]}}, ['"x"', '{"a":1}', "{}", "1"]),
    ({"if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]}, "then": {"required": ["x"]}, "else": {"required": ["y"]}}, ['{"kind":"a","x":1}', '{"kind":"a"}', '{"kind":"b","y":1}', '{"x":1}', '{"y":1}', "3"]),
    ({"then": {"required": ["x"]}, "else": False}, ["{}", "1"]),
    ({"allOf": [{"properties": {"a": {}}}, {"if": {"required": ["a"]}, "then": {"properties": {"b": {"type": "integer"}}}}], "unevaluatedProperties": False}, ['{"a":1}', '{"a":1,"b":2}', '{"a":1,"b":"x"}', '{"b":2}', '{"c":1}', "{}"]),
    ({"$defs": {"base": {"properties": {"a": True}}}, "$ref": "#/$defs/base", "unevaluatedProperties": {"type": "string"}}, ['{"a":1}', '{"b":"x"}', '{"b":1}', "5"]),
    # References.
    (_TREE, ['{"value":1}', '{"value":1,"next":{"value":2,"next":{"value":3}}}', '{"value":1,"next":{"next":{}}}', '{"value":1,"next":null}', '{"value":1.0}', "{}"]),
    ({"$defs": {"a/b~c": {"type": "integer"}}, "properties": {"x": {"$ref": "#/$defs/a~1b~0c", "minimum": 3}}}, ['{"x":3}', '{"x":2}', '{"x":"3"}', "{}"]),
]  # fmt: skip

MORE: list[tuple[Any, list[str]]] = [
    ({"$schema": DRAFT7, "definitions": {"i": {"type": "integer"}}, "properties": {"x": {"$ref": "#/definitions/i", "minimum": 3}}}, ['{"x":2}', '{"x":"a"}']),
    ({"$schema": DRAFT4, "type": "integer", "maximum": 5, "exclusiveMaximum": True}, ["5", "4", "1.5"]),
    ({"$schema": DRAFT6, "const": 1, "contains": True}, ["1", "[]"]),
    ({"$id": "https://example.org/a", "$defs": {"x": {"$anchor": "here", "type": "null"}}, "items": {"$ref": "#here"}}, ["[null]", "[0]", "[]"]),
]  # fmt: skip
