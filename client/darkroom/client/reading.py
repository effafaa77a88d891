"""Replies as values: what a newer daemon adds does not get in the way."""

from __future__ import annotations

from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, get_args, get_origin

import msgspec

from darkroom.errors import ProtocolViolation
from darkroom.protocol.types import Payload

Value = TypeVar("Value", bound=Payload)


def value_in(parameters: bytes, kind: type[Value]) -> Value:
    """Return the parameters of a reply, a JSON object, as a value.

    Unknown fields are ignored. An unknown value of an enumeration stands as the plain string it is, which
    compares, prints and travels like the named ones.

    Raises:
        ProtocolViolation: a field is missing or of the wrong type.
    """
    try:
        return msgspec.json.decode(parameters, type=kind)
    except msgspec.DecodeError as error:
        return _with_new_words(parameters, kind, error)


def _with_new_words(parameters: bytes, kind: type[Value], reason: msgspec.DecodeError) -> Value:
    try:
        value = _tolerant(msgspec.json.decode(parameters), kind)
        assert isinstance(value, kind)
    except (msgspec.DecodeError, TypeError) as error:
        raise ProtocolViolation(f"{kind.__name__}: {str(reason).rstrip('.')}") from error
    return value


# The forms of the protocol are types and generic aliases, which no annotation but Any covers.
def _tolerant(value: Any, form: Any) -> object:  # noqa: ANN401 - see above
    """Convert like msgspec, but for enumerations; a field that is missing is a `TypeError`."""
    match get_origin(form), get_args(form):
        case origin, (inner, *_) if origin is Annotated:
            return _tolerant(value, inner)
        case origin, (inner, last) if origin is UnionType and last is NoneType:
            return None if value is None else _tolerant(value, inner)
        case origin, (inner, _) if origin is tuple:
            return tuple(_tolerant(entry, inner) for entry in msgspec.convert(value, type=list[Any]))
        case None, _ if issubclass(form, msgspec.Struct):
            return _struct(msgspec.convert(value, type=dict[str, Any]), form)
        case None, _ if issubclass(form, Enum):
            word = msgspec.convert(value, type=str)
            return next((entry for entry in form if entry.value == word), word)
        case _:
            return msgspec.convert(value, type=form)


def _struct(given: dict[str, Any], form: type[msgspec.Struct]) -> msgspec.Struct:
    return form(
        **{
            field.name: _tolerant(given[field.encode_name], field.type)
            for field in msgspec.structs.fields(form)
            if field.encode_name in given
        }
    )
