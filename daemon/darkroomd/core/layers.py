"""Layers of the configuration: what a higher one says of a key counts, and what it leaves out stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import TypeAlias, cast

Document: TypeAlias = Mapping[str, object]
"""What a file of the configuration says: texts, numbers, arrays and tables by key, as TOML has them."""

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a value stands in a document: keys of tables, and positions in arrays from 0."""


def merged(documents: Sequence[Document]) -> dict[str, object]:
    """Return what several layers say together, the lowest first.

    Tables are taken together key by key. Everything else, arrays and arrays of tables too, is replaced whole.
    """
    return reduce(_over, documents, dict[str, object]())


def without(document: Document, paths: Iterable[KeyPath]) -> Document:
    """Return what a document says beside these places: without each top key in which one of them lies.

    Nothing is left where the document as a whole is one of them.
    """
    keys = {path[0] if path else None for path in paths}
    return {} if None in keys else {key: value for key, value in document.items() if key not in keys}


def holds(document: Document, path: KeyPath) -> bool:
    """Tell whether a document says something at this place."""
    value: object = document
    for part in path:
        if isinstance(value, Mapping) and part in value:
            value = cast("Mapping[str | int, object]", value)[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(cast("list[object]", value)):
            value = cast("list[object]", value)[part]
        else:
            return False
    return True


def _over(lower: Document, upper: Document) -> dict[str, object]:
    both = dict(lower)
    for key, value in upper.items():
        below = both.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            both[key] = _over(cast("Document", below), cast("Document", value))
        else:
            both[key] = value
    return both
