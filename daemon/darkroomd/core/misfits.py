"""What in a document of the configuration is not of the type that it should be: all of it at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Any, Final, cast

import msgspec

from darkroomd.core.flaws import Misfit
from darkroomd.core.layers import Document, KeyPath
from darkroomd.core.toml_text import as_toml, shown
from darkroomd.core.value_kinds import Tables, element_kind_of, kind_of, tables_in

_ELEMENT: Final = re.compile(r".* - at `\$(?P<places>(?:\[\d+\])+)`", re.DOTALL)
_NUMBER: Final = re.compile(r"[+-]?[\d_]+(\.\d+)?")


def misfits(document: Document, struct: type[msgspec.Struct], at: KeyPath = ()) -> Iterator[Misfit]:
    """Yield what of a document does not fit a struct and those inside it, in the document's order."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for name, value in document.items():
        field = fields.get(name)
        if field is None:
            yield Misfit((*at, name), "there is no such key", _nearest(name, struct))
        else:
            yield from _misfits_of_value(value, field.type, (*at, name))
    for name, field in fields.items():
        if field.required and name not in document:
            yield Misfit(at, f"the key {name} is missing", f"Set it: {kind_of(field.type)}.")


def _misfits_of_value(value: object, annotation: Any, path: KeyPath) -> Iterator[Misfit]:  # noqa: ANN401 - any type
    match tables_in(annotation), value:
        case Tables(struct=struct, several=False), Mapping():
            yield from misfits(cast("Document", value), struct, path)
        case Tables(struct=struct, several=True), list():
            for number, element in enumerate(cast("list[object]", value)):
                yield from _misfits_of_value(element, struct, (*path, number))
        case _:
            yield from _misfit(value, annotation, path)


def _misfit(value: object, annotation: object, path: KeyPath) -> Iterator[Misfit]:
    try:
        msgspec.convert(value, annotation)
    except msgspec.ValidationError as error:
        found = _ELEMENT.fullmatch(str(error))
        places = [int(place) for place in re.findall(r"\d+", found["places"])] if found else []
        for place in places:
            value = cast("list[object]", value)[place]
        kind = element_kind_of(annotation) if places else kind_of(annotation)
        yield Misfit((*path, *places), f"{shown(value)} is not right", _remedy(value, kind))


def _remedy(value: object, kind: str) -> str:
    remedy = f"It must be {kind}."
    if isinstance(value, str):
        if value.lower() in {"true", "false"} and kind == "true or false":
            return f"{remedy} Write it without quotes."
        if "number" in kind and _NUMBER.fullmatch(value.strip()):
            return f"{remedy} Write it without quotes."
        close = difflib.get_close_matches(as_toml(value), re.findall(r'"[^"]*"', kind), n=1)
        return f"{remedy} Did you mean {close[0]}?" if close else remedy
    if kind.startswith("an array") and not isinstance(value, list):
        return f"{remedy} Write it in brackets."
    if "text" in kind and isinstance(value, (int, float, date, time)):
        return f"{remedy} Write it in quotes."
    return remedy


def _nearest(name: str, struct: type[msgspec.Struct]) -> str:
    names = struct.__struct_fields__
    close = difflib.get_close_matches(name.replace("-", "_").lower(), names, n=1)
    if close:
        return f"Did you mean {close[0]}?"
    tables = [field for field in msgspec.structs.fields(struct) if name in _names_in(field)]
    if tables:
        return f"It belongs into the table [{tables[0].encode_name}]."
    return f"Known here are {', '.join(sorted(names))}."


def _names_in(field: msgspec.structs.FieldInfo) -> tuple[str, ...]:
    tables = tables_in(field.type)
    return () if tables is None else tables.struct.__struct_fields__
