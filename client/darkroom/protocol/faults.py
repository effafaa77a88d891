"""Errors to and from the wire, where they are a name and parameters."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from darkroom.errors import DARKROOM_ERRORS, SERVICE_ERRORS, DarkroomError, RemoteError

_BY_NAME: Final[dict[str, type[DarkroomError]]] = {
    f"{kind.interface}.{kind.code}": kind for kind in (*DARKROOM_ERRORS, *SERVICE_ERRORS)
}


def fields(kind: type[DarkroomError]) -> dict[str, Any]:
    """Return the parameters of an error of the protocol by snake_case name, with their types, in order."""
    return {name: form for name, form in typing.get_type_hints(kind.__init__).items() if name != "return"}


def to_wire(error: DarkroomError) -> tuple[str, dict[str, Any]]:
    """Return the qualified name and the parameters an error travels with.

    Raises:
        TypeError: the error is none of the protocol's.
    """
    for kind in type(error).__mro__:
        if issubclass(kind, DarkroomError) and _BY_NAME.get(f"{kind.interface}.{kind.code}") is kind:
            facts = {"message": error.message, **error.context}
            return f"{kind.interface}.{kind.code}", {wire_name(name): facts[name] for name in fields(kind)}
    raise TypeError(f"{type(error).__name__} is not an error of the protocol")


def from_wire(name: str, parameters: Mapping[str, Any]) -> DarkroomError:
    """Return the error that was received; one that makes no sense here becomes a `RemoteError`.

    Parameters this version does not know are ignored.
    """
    kind = _BY_NAME.get(name)
    if kind is None:
        return RemoteError(name, parameters)
    try:
        facts = {
            field: msgspec.convert(parameters[wire_name(field)], type=form)
            for field, form in fields(kind).items()
        }
    except (KeyError, msgspec.ValidationError):
        return RemoteError(name, parameters)
    return kind(**facts)


def wire_name(name: str) -> str:
    """Return how a snake_case name is written on the wire."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
