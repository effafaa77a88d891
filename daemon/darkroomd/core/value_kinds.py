"""What a value of the configuration may be: in words that complete "It must be …", and as tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from darkroomd.core.toml_text import as_toml


@dataclass(frozen=True, slots=True)
class Tables:
    """What a type has of tables: their struct, and whether there are several."""

    struct: type[msgspec.Struct]
    several: bool


@cache
def tables_in(annotation: object) -> Tables | None:
    """Return what a type has of tables: it is one, may be one, or is an array of them; None: nothing."""
    return _tables(inspect.type_info(annotation))


def _tables(kind: inspect.Type) -> Tables | None:
    match kind:
        case inspect.StructType(cls=cls):
            return Tables(cls, several=False)
        case inspect.VarTupleType(item_type=inspect.StructType(cls=cls)):
            return Tables(cls, several=True)
        case inspect.UnionType(types=kinds):
            return next(filter(None, map(_tables, kinds)), None)
        case _:
            return None


@cache
def kind_of(annotation: object) -> str:
    """Return what a value of this type is: "a number from 0 to 3600", 'one of "jpeg", "png"'."""
    return _kind(inspect.type_info(annotation))


def element_kind_of(annotation: object) -> str:
    """Return the same of the elements of an array; of what has none, of itself."""
    match inspect.type_info(annotation):
        case inspect.VarTupleType(item_type=kind):
            return _kind(kind)
        case inspect.TupleType(item_types=(kind, *_)):
            return _kind(kind)
        case kind:
            return _kind(kind)


def _kind(kind: inspect.Type) -> str:  # noqa: PLR0911 - a case for each type
    match kind:
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType() | inspect.FloatType():
            return "a " + _number(kind)
        case inspect.StrType(min_length=least):
            return "text that is not empty" if least else "text"
        case inspect.EnumType(cls=cls):
            return _one_of([member.value for member in cls])
        case inspect.LiteralType(values=values):
            return _one_of(list(values))
        case inspect.VarTupleType():
            bound = ", at least one" if kind.min_length else ""
            return f"an array of {_several(kind.item_type)}{bound}"
        case inspect.TupleType(item_types=items):
            return f"an array of {len(items)} {_several(items[0])}"
        case inspect.UnionType(types=kinds):
            return " or ".join(_kind(one) for one in kinds if not isinstance(one, inspect.NoneType))
        case _:
            return "a table"


def _several(kind: inspect.Type) -> str:
    match kind:
        case inspect.IntType() | inspect.FloatType():
            name, *bounds = _number(kind).split(" from ", 1)
            return " from ".join([name + "s", *bounds])
        case inspect.StrType():
            return "texts"
        case inspect.StructType():
            return "tables"
        case _:
            return _kind(kind)


def _number(kind: inspect.IntType | inspect.FloatType) -> str:
    name = "whole number" if isinstance(kind, inspect.IntType) else "number"
    if kind.gt is not None:
        return f"{name} above {_plain(kind.gt)}" + ("" if kind.le is None else f", at most {_plain(kind.le)}")
    if kind.ge is None:
        return name
    return f"{name} from {_plain(kind.ge)}" + (" upwards" if kind.le is None else f" to {_plain(kind.le)}")


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _one_of(values: list[Any]) -> str:
    return "one of " + ", ".join(map(as_toml, values))
