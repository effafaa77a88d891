"""From a call on the wire to its handler and back to a reply."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from itertools import count
from typing import Final

import msgspec
import structlog
from structlog.contextvars import bind_contextvars, reset_contextvars

from darkroom.errors import (
    DARKROOM_INTERFACE,
    DarkroomError,
    ExpectedMore,
    InterfaceNotFound,
    Internal,
    InvalidParameter,
    MethodNotFound,
    MethodNotImplemented,
    PermissionDenied,
)
from darkroom.protocol.faults import to_wire
from darkroom.protocol.interface import Method, More
from darkroom.protocol.methods import QUALIFIED_METHODS
from darkroom.protocol.types import Input, Payload
from darkroom.wire.messages import Call, Mode, Reply, encode_parameters
from darkroomd.api import requests
from darkroomd.api.duplex import PeerGone
from darkroomd.api.quota import Quota
from darkroomd.api.requests import Caller, Handlers, Request
from darkroomd.core.access import AccessPolicy, Grant, Peer, grant_of

STREAMS_PER_USER: Final = 16
STREAMS_PER_OWNER: Final = 56
"""The owner's, and root's: all programs of a booth run as one user. Some connections are left for calls."""

LONGEST_PARAMETER: Final = 200
"""How much of a parameter's name is sent back; hostile ones can be very long."""

_LONG_CALLS: Final = frozenset({f"{DARKROOM_INTERFACE}.WaitJob"})

_NAMED_FIELD: Final = re.compile(
    r"^Object (?:missing required|contains unknown) field `(?P<field>.*?)`(?: - at `\$\.?(?P<within>.*)`)?$",
    re.DOTALL,
)
_PATH: Final = re.compile(r" - at `\$\.?(?P<path>.*)`$", re.DOTALL)

log = structlog.get_logger()


class ReplyTooLong(DarkroomError):
    """A reply has more bytes than a client reads."""

    code = "reply.too_long"

    def __init__(self) -> None:
        super().__init__("The reply is too long to be sent; ask for less at a time, with limit.")


class Dispatcher:
    """Answers calls: who may, which method, with what, and what went wrong.

    Args:
        handlers: by qualified method.
        access: who may what.
        methods: all that there are by contract, by qualified name.
    """

    def __init__(
        self, handlers: Handlers, access: AccessPolicy, methods: Mapping[str, Method] = QUALIFIED_METHODS
    ) -> None:
        self._handlers = handlers
        self._access = access
        self._methods = methods
        self._streams = Quota("streams")
        # Chance is a system call: asked once, so that ids of two starts of the daemon differ.
        self._own_first = secrets.token_hex(4)
        self._calls = count(1)

    def adopt(self, access: AccessPolicy) -> None:
        """Go by this with the calls that come from now on."""
        self._access = access

    async def answer(self, call: Call, caller: Caller) -> Reply:
        """Return the last reply to a call; those before it, where it asked for more, go to `caller.send`.

        Raises:
            PeerGone: from `caller.send`.
        """
        call_id = f"{self._own_first}{next(self._calls):x}"
        # The user was bound by the connection. The context manager for this takes twice as long.
        bound = bind_contextvars(call=call_id, method=call.method)
        try:
            return _reply(await self._result(call, caller))
        except DarkroomError as error:
            if error.interface is not None:
                return refusal(error)
            # A fault of the surroundings, such as a full disk: its sentence helps the caller.
            log.warning("call_refused", code=error.code, reason=error.message)
            return refusal(Internal(error.message, call_id))
        except PeerGone:
            raise
        except Exception:
            log.exception("call_failed")
            return refusal(Internal("The daemon made a mistake; its log has the details.", call_id))
        finally:
            reset_contextvars(**bound)

    async def _result(self, call: Call, caller: Caller) -> Payload:
        grant = self._admit(call.method, caller.peer)
        method = find_method(self._methods, call.method)
        handler = self._handlers.get(call.method)
        if handler is None:
            raise MethodNotImplemented(call.method)
        if call.mode is Mode.UPGRADE:
            raise InvalidParameter("upgrade")
        if method.more is More.REQUIRED and call.mode is not Mode.MORE:
            raise ExpectedMore
        parameters = decode_parameters(call.parameters, method.parameters)
        if call.mode is not Mode.MORE or method.more is More.NEVER:
            return await handler(Request(parameters, caller, grant, None))

        async def stream(payload: Payload) -> None:
            await caller.send(_reply(payload, continues=True))

        owner = self._access.is_owner(caller.peer.uid)
        most = STREAMS_PER_OWNER if owner else STREAMS_PER_USER
        with self._streams.take(caller.peer.uid, maximum=most):
            return await handler(Request(parameters, caller, grant, stream))

    def _admit(self, method: str, peer: Peer) -> Grant:
        """Return how far a peer may go; raise `PermissionDenied` where it may not even begin."""
        grant = grant_of(method, peer, self._access)
        if grant is Grant.NOTHING:
            if self._access.role_of(peer) is not None:
                # To those who are let in at all, a slip of the pen is no secret.
                find_method(self._methods, method)
            raise PermissionDenied
        return grant


def find_method(methods: Mapping[str, Method], name: str) -> Method:
    """Return a method by its qualified name; raise `InterfaceNotFound`, `MethodNotFound`."""
    if (method := methods.get(name)) is not None:
        return method
    interface, dot, _ = name.rpartition(".")
    if dot and not any(known.rpartition(".")[0] == interface for known in methods):
        raise InterfaceNotFound(interface)
    raise MethodNotFound(name)


def can_take_long(call: Call) -> bool:
    """Tell whether the answer to a call can take so long that the caller may not be there any more."""
    return call.mode is Mode.MORE or call.method in _LONG_CALLS


def decode_parameters(parameters: bytes, kind: type[Input]) -> Input:
    """Return the parameters of a call as a value; raise `InvalidParameter` with the name of a bad one."""
    try:
        return msgspec.json.decode(parameters, type=kind)
    except msgspec.DecodeError as error:
        raise InvalidParameter(name_in(str(error))[:LONGEST_PARAMETER]) from error


def name_in(complaint: str) -> str:
    """Return the name of the parameter a validation error complains about, from the outside inwards."""
    if named := _NAMED_FIELD.match(complaint):
        return ".".join(filter(None, (named["within"], named["field"])))
    located = _PATH.search(complaint)
    return located["path"] if located else "parameters"


def _reply(payload: Payload, *, continues: bool = False) -> Reply:
    parameters = encode_parameters(payload)
    if len(parameters) > requests.LONGEST_REPLY_BYTES:
        raise ReplyTooLong
    return Reply(parameters, continues=continues)


def refusal(error: DarkroomError) -> Reply:
    """Return the reply that an error of the protocol is told with."""
    name, parameters = to_wire(error)
    return Reply(encode_parameters(parameters), error=name)
