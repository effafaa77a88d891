"""What an interface is made of: sections of types, methods and errors, with their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any

import msgspec

from darkroom.errors import DarkroomError
from darkroom.protocol.types import Input, Payload


class More(StrEnum):
    """Whether a method sends several replies to a call with `more`."""

    NEVER = "never"
    SUPPORTED = "supported"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Type:
    """A named type."""

    form: type[msgspec.Struct | Enum]
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Method:
    """A method: what it takes, what it replies, and what it promises."""

    parameters: type[Input]
    reply: type[Payload]
    more: More = More.NEVER
    doc: str = ""

    @property
    def name(self) -> str:
        """The bare name, without the interface."""
        return self.parameters.__name__


@dataclass(frozen=True, slots=True)
class Error:
    """An error; `narrowed` gives a parameter a closer type than its exception can know."""

    kind: type[DarkroomError]
    doc: str = ""
    narrowed: Mapping[str, Any] = field(default_factory=dict[str, Any])


Member = Type | Method | Error


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of an interface; members in an inner tuple stand without a line between them.

    `columns` is the width of the title's rule; a section without a title has none.
    """

    title: str
    members: tuple[Member | tuple[Member, ...], ...]
    columns: int = 101


@dataclass(frozen=True, slots=True)
class Interface:
    """A named collection of members."""

    name: str
    doc: str
    sections: tuple[Section, ...]
