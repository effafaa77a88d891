"""JSON as Python values, read from documents that anybody may have written.

The readers return None for a value that is not what was asked for; none of them raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]

DEEPEST: Final = 64
"""Containers within containers beyond this depth are not a document of ours or of our neighbours."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_LARGEST: Final = 2**64 - 1
_SMALLEST: Final = -(2**63)


@dataclass(frozen=True, slots=True)
class Broken:
    """Bytes that are no document; `reason` is a clause without a full stop."""

    reason: str


def decode_object(data: bytes) -> JsonObject | Broken:
    """Decode one JSON object in UTF-8, with or without a byte order mark; the order of keys is kept."""
    value = decode_containers(data)
    return Broken("it is not a JSON object") if isinstance(value, list) else value


def decode_containers(data: bytes) -> JsonObject | list[Json] | Broken:
    """Decode one JSON object or array, like `decode_object`."""
    try:
        value: Json = msgspec.json.decode(data.removeprefix(_BYTE_ORDER_MARK))
    except RecursionError:
        return Broken("it is nested too deeply")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Broken(f"it is not JSON ({error})")
    if not isinstance(value, (dict, list)):
        return Broken("it is not a JSON object")
    return _refusal(value) or value


def encode_object(document: JsonObject) -> bytes:
    """Encode a document for people and programs: indented UTF-8 with a final line feed."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def canonical(value: Json) -> bytes:
    """Encode a value so that equal values give equal bytes: sorted keys, whole numbers as integers."""
    return msgspec.json.encode(_normal(value), order="sorted")


def as_object(value: Json) -> JsonObject | None:
    """Return the value if it is an object."""
    return value if isinstance(value, dict) else None


def as_list(value: Json) -> list[Json] | None:
    """Return the value if it is a list."""
    return value if isinstance(value, list) else None


def as_text(value: Json) -> str | None:
    """Return the value if it is a string that is not empty."""
    return value if isinstance(value, str) and value else None


def as_whole(value: Json) -> int | None:
    """Return a whole number of 64 bits, also where it is written as `1.0`; true and false are no numbers."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if _SMALLEST <= value <= _LARGEST else None


def either(document: JsonObject, camel: str, snake: str) -> Json:
    """Return the value under the camelCase key or, where that is missing, under the snake_case one."""
    return document[camel] if camel in document else document.get(snake)


def _refusal(document: JsonObject | list[Json]) -> Broken | None:
    """Find what could be read but not be written again."""
    level: list[Json] = [document]
    for _ in range(DEEPEST):
        level = [child for value in level for child in _children(value)]
        if not level:
            return None
        if any(isinstance(value, int) and not _SMALLEST <= value <= _LARGEST for value in level):
            return Broken("it holds a number that is too large")
    return Broken("it is nested too deeply")


def _children(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _normal(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _normal(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_normal(child) for child in value]
    if isinstance(value, float) and value.is_integer() and _SMALLEST <= value <= _LARGEST:
        return int(value)
    return value
