"""Prints an interface in Varlink's interface definition language."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Final

import msgspec

from darkroom.protocol.faults import fields, wire_name
from darkroom.protocol.interface import Error, Interface, Member, Method, More, Section, Type

_ONE_LINE_COLUMNS: Final = 100
"""A type that fits into this, and has no comment inside, is printed on one line."""

_SCALARS: Final[dict[object, str]] = {str: "string", int: "int", bool: "bool", dict: "object"}

_MORE_NOTES: Final = {
    More.NEVER: "",
    More.SUPPORTED: "[Supports 'more' flag]",
    More.REQUIRED: "[Requires 'more' flag]",
}


def describe(interface: Interface) -> str:
    """Return the description of an interface; it ends with a line break."""
    head = f"{_comment(interface.doc)}interface {interface.name}\n"
    return head + "".join(_section(section) for section in interface.sections)


def _section(section: Section) -> str:
    rule = f"\n{f'# ---- {section.title} '.ljust(section.columns, '-')}\n" if section.title else ""
    return rule + "".join(f"\n{_group(member)}" for member in section.members)


def _group(members: Member | tuple[Member, ...]) -> str:
    if isinstance(members, tuple):
        return "".join(map(_member, members))
    return _member(members)


def _member(member: Member) -> str:
    match member:
        case Type():
            return _comment(member.doc) + _type(member.form)
        case Method():
            words = "\n".join(filter(None, (member.doc, _MORE_NOTES[member.more])))
            taken, replied = (", ".join(_fields(form)) for form in (member.parameters, member.reply))
            return f"{_comment(words)}method {member.name}({taken}) -> ({replied})\n"
        case Error():
            given = {**fields(member.kind), **member.narrowed}
            facts = ", ".join(f"{wire_name(name)}: {_type_name(form)}" for name, form in given.items())
            return f"{_comment(member.doc)}error {member.kind.code} ({facts})\n"


def _type(form: type[msgspec.Struct | Enum]) -> str:
    if issubclass(form, Enum):
        return f"type {form.__name__} ({', '.join(str(entry.value) for entry in form)})\n"
    comments = [_comment(text, indent="  ") for text in _descriptions(form)]
    parts = list(_fields(form))
    line = f"type {form.__name__} ({', '.join(parts)})\n"
    if not any(comments) and len(line) <= _ONE_LINE_COLUMNS:
        return line
    body = ",\n".join(f"{comment}  {part}" for comment, part in zip(comments, parts, strict=True))
    return f"type {form.__name__} (\n{body}\n)\n"


def _fields(form: type[msgspec.Struct]) -> Iterator[str]:
    """Yield `name: type` of each field, as on the wire."""
    hints = typing.get_type_hints(form)
    for field, name in zip(form.__struct_fields__, form.__struct_encode_fields__, strict=True):
        yield f"{name}: {_type_name(hints[field])}"


def _descriptions(form: type[msgspec.Struct]) -> Iterator[str]:
    hints = typing.get_type_hints(form, include_extras=True)
    for field in form.__struct_fields__:
        notes = hints[field].__metadata__ if typing.get_origin(hints[field]) is Annotated else ()
        yield "".join(note.description or "" for note in notes)


def _type_name(form: object) -> str:
    """Return the name of a Python type in the language; a type it does not have is a `TypeError`."""
    origin, arguments = typing.get_origin(form), typing.get_args(form)
    if origin in {types.UnionType, typing.Union} and arguments[1:] == (types.NoneType,):
        return f"?{_type_name(arguments[0])}"
    if origin is tuple and arguments[1:] == (...,):
        return f"[]{_type_name(arguments[0])}"
    if (scalar := _SCALARS.get(origin or form)) is not None:
        return scalar
    if isinstance(form, type) and issubclass(form, (msgspec.Struct, Enum)):
        return form.__name__
    raise TypeError(f"{form} has no name in the interface definition language")


def _comment(text: str, *, indent: str = "") -> str:
    return "".join(f"{indent}# {line}".rstrip() + "\n" for line in text.splitlines())
