"""Calls and replies, to and from bytes.

Parameters stay JSON here; only those who know the method give them a type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from darkroom.wire.frames import WireError

NESTING_LIMIT: Final = 32
"""How deep arrays and objects of a message may stand in one another."""

EMPTY: Final = b"{}"
"""No parameters: absent, null and an empty object mean the same."""

Parameters = msgspec.Struct | Mapping[str, Any] | msgspec.Raw
"""What can be sent as parameters; raw ones are a JSON object already."""

_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_UNREADABLE: Final = re.compile("[\0\ud800-\udfff]")
_LOOKS_LIKE_NUL: Final = b"\\u0000"
_ESCAPED_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""A NUL, which a file name with a backslash and `u0000` in it only looks like."""

_Json: TypeAlias = bool | int | float | str | list["_Json"] | tuple["_Json", ...] | dict[str, "_Json"] | None

Scalar = TypeVar("Scalar")


_CALL_MEMBERS: Final = frozenset({"method", "parameters", "more", "oneway", "upgrade"})


class Mode(Enum):
    """How a call wants to be answered; at most one of the three flags can be set."""

    __hash__ = object.__hash__
    PLAIN = ""
    MORE = "more"
    ONEWAY = "oneway"
    UPGRADE = "upgrade"


class Call(msgspec.Struct, frozen=True):
    """A method call; `parameters` is a JSON object."""

    method: str
    parameters: bytes = EMPTY
    mode: Mode = Mode.PLAIN


class Reply(msgspec.Struct, frozen=True):
    """An answer; `parameters` is a JSON object, `error` the qualified name of an error."""

    parameters: bytes = EMPTY
    continues: bool = False
    error: str | None = None


class _CallMessage(msgspec.Struct, omit_defaults=True):
    method: str
    parameters: msgspec.Raw | None = None
    more: bool = False
    oneway: bool = False
    upgrade: bool = False


class _UsualCall(msgspec.Struct, forbid_unknown_fields=True):
    method: str
    parameters: msgspec.Raw | None = None


class _ReplyMessage(msgspec.Struct, omit_defaults=True):
    error: str | None = None
    parameters: msgspec.Raw | None = None
    continues: bool = False


_decode_usual_call: Final = msgspec.json.Decoder(_UsualCall).decode
_decode_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_text: Final = msgspec.json.Decoder(str).decode
_decode_name: Final = msgspec.json.Decoder(str | None).decode
_decode_flag: Final = msgspec.json.Decoder(bool | None).decode
_encode: Final = msgspec.json.Encoder().encode


def encode_parameters(parameters: Parameters) -> bytes:
    """Return parameters as a JSON object that every peer can read.

    Lone surrogates and NULs, which some peers die of, become U+FFFD.
    """
    try:
        encoded = _encode(parameters)
    except UnicodeEncodeError:
        return _encode(_readable(_builtins(parameters)))
    # The first look is far cheaper; raw values inside others are readable already, and are not taken apart.
    if (
        _LOOKS_LIKE_NUL in encoded
        and _ESCAPED_NUL.search(encoded)
        and not isinstance(parameters, msgspec.Raw)
    ):
        return _encode(_readable(_builtins(parameters)))
    return encoded


def encode_call(call: Call) -> bytes:
    """Return a call as the bytes of a frame; lone surrogates in the method's name become ?."""
    return _encode(
        _CallMessage(
            method=call.method.encode(errors="replace").decode(),
            parameters=None if call.parameters == EMPTY else msgspec.Raw(call.parameters),
            more=call.mode is Mode.MORE,
            oneway=call.mode is Mode.ONEWAY,
            upgrade=call.mode is Mode.UPGRADE,
        )
    )


def encode_reply(reply: Reply) -> bytes:
    """Return a reply as the bytes of a frame; what says nothing is left out."""
    return _encode(
        _ReplyMessage(
            error=reply.error,
            parameters=None if reply.parameters == EMPTY else msgspec.Raw(reply.parameters),
            continues=reply.continues,
        )
    )


def decode_call(frame: bytes) -> Call:
    """Return the call in a frame.

    Raises:
        WireError: it is none.
    """
    try:
        return _usual_call(frame)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Flags, members of vendors, or something wrong: all but the first are rare.
        return _any_call(frame)


def _usual_call(frame: bytes) -> Call:
    _check_depth(frame)
    frame.decode()
    usual = _decode_usual_call(frame)
    return Call(usual.method, EMPTY if usual.parameters is None else _object(usual.parameters))


def _any_call(frame: bytes) -> Call:
    members = _members(frame, known=_CALL_MEMBERS)
    if "method" not in members:
        raise WireError("a call names no method")
    modes = [mode for mode in (Mode.MORE, Mode.ONEWAY, Mode.UPGRADE) if _flag(members, mode.value)]
    if len(modes) > 1:
        raise WireError("a call has more than one of more, oneway and upgrade")
    return Call(
        method=_member(_decode_text, members["method"]),
        parameters=_parameters(members),
        mode=modes[0] if modes else Mode.PLAIN,
    )


def decode_reply(frame: bytes) -> Reply:
    """Return the reply in a frame.

    Raises:
        WireError: it is none.
    """
    members = _members(frame, known=frozenset({"parameters", "continues", "error"}))
    error = _member(_decode_name, members["error"]) if "error" in members else None
    continues = _flag(members, "continues")
    if continues and error is not None:
        raise WireError("an error says that it continues")
    return Reply(parameters=_parameters(members), continues=continues, error=error)


def is_call(frame: bytes) -> bool:
    """Tell whether a frame is a whole, well-formed call."""
    try:
        decode_call(frame)
    except WireError:
        return False
    return True


def _members(frame: bytes, *, known: frozenset[str]) -> dict[str, msgspec.Raw]:
    """Return the members of a message; those of vendors, whose names have a dot, are left out."""
    _check_depth(frame)
    try:
        frame.decode()
        members = _decode_members(frame)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireError(f"a message is not a JSON object: {error}") from error
    ours = {name: value for name, value in members.items() if "." not in name}
    if not ours.keys() <= known:
        raise WireError("a message has an unknown member")
    return ours


def _parameters(members: Mapping[str, msgspec.Raw]) -> bytes:
    return _object(members["parameters"]) if "parameters" in members else EMPTY


def _object(value: msgspec.Raw) -> bytes:
    raw = bytes(value).strip()
    if raw == b"null":
        return EMPTY
    if not raw.startswith(b"{"):
        raise WireError("the parameters are not an object")
    return raw


def _flag(members: Mapping[str, msgspec.Raw], name: str) -> bool:
    return name in members and bool(_member(_decode_flag, members[name]))


def _member(decode: Callable[[msgspec.Raw], Scalar], raw: msgspec.Raw) -> Scalar:
    try:
        return decode(raw)
    except msgspec.DecodeError as error:
        raise WireError(f"a member has the wrong type: {error}") from error


def _check_depth(frame: bytes) -> None:
    if _is_too_deep(frame):
        raise WireError(f"a message is nested deeper than {NESTING_LIMIT}")


def _is_too_deep(frame: bytes) -> bool:
    """Tell whether brackets stand deeper in one another than allowed, in time linear in the frame."""
    if frame.count(b"[") + frame.count(b"{") <= NESTING_LIMIT:
        return False
    depth = 0
    for bracket in _STRINGS.sub(b"", frame).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > NESTING_LIMIT:
            return True
    return False


def _builtins(parameters: Parameters) -> _Json:
    builtins: _Json = msgspec.to_builtins(parameters, str_keys=True)
    return builtins


def _readable(value: _Json) -> _Json:
    match value:
        case str():
            return _UNREADABLE.sub("\ufffd", value)
        case dict():
            return {_UNREADABLE.sub("\ufffd", key): _readable(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_readable(entry) for entry in value]
        case _:
            return value
