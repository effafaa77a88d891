"""Whose turn it is on a Varlink connection, for either side, as tables.

Bytes that were received go in, messages come out; messages that are to be sent go in, bytes come out.
Nothing here waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from darkroom.wire.frames import (
    INBOUND_LIMIT_BYTES,
    OUTBOUND_LIMIT_BYTES,
    FrameBuffer,
    WireError,
)
from darkroom.wire.messages import (
    Call,
    Mode,
    Reply,
    decode_call,
    decode_reply,
    encode_call,
    encode_reply,
    is_call,
)


class OutOfTurnError(RuntimeError):
    """The program sent what may not come now: its own mistake, not the peer's."""


class State(Enum):
    """What is going on for the oldest call that is not over."""

    # The names of members, which the enumeration would hash, are looked up for every call.
    __hash__ = object.__hash__
    IDLE = auto()
    ANSWERING = auto()
    STREAMING = auto()
    SILENT = auto()
    UPGRADING = auto()
    CLOSED = auto()


class Step(Enum):
    """What can happen next."""

    __hash__ = object.__hash__
    CALL = auto()
    CALL_MORE = auto()
    CALL_ONEWAY = auto()
    CALL_UPGRADE = auto()
    CONTINUE = auto()
    FINISH = auto()
    FAIL = auto()
    CLOSE = auto()


TRANSITIONS: Final[Mapping[State, Mapping[Step, State]]] = {
    State.IDLE: {
        Step.CALL: State.ANSWERING,
        Step.CALL_MORE: State.STREAMING,
        Step.CALL_ONEWAY: State.SILENT,
        Step.CALL_UPGRADE: State.UPGRADING,
        Step.CLOSE: State.CLOSED,
    },
    State.ANSWERING: {Step.FINISH: State.IDLE, Step.FAIL: State.IDLE, Step.CLOSE: State.CLOSED},
    State.STREAMING: {
        Step.CONTINUE: State.STREAMING,
        Step.FINISH: State.IDLE,
        Step.FAIL: State.IDLE,
        Step.CLOSE: State.CLOSED,
    },
    # The end of a call that wants no answer is marked by a reply too; it is not sent.
    State.SILENT: {Step.FINISH: State.IDLE, Step.FAIL: State.IDLE, Step.CLOSE: State.CLOSED},
    # Nothing here takes over a connection: only an error can answer.
    State.UPGRADING: {Step.FAIL: State.IDLE, Step.CLOSE: State.CLOSED},
    State.CLOSED: {Step.CLOSE: State.CLOSED},
}
"""What may come next, and what is then; what is not here is an error of whoever did it."""

_STEP_OF_MODE: Final = {
    Mode.PLAIN: Step.CALL,
    Mode.MORE: Step.CALL_MORE,
    Mode.ONEWAY: Step.CALL_ONEWAY,
    Mode.UPGRADE: Step.CALL_UPGRADE,
}


def step_of(reply: Reply) -> Step:
    """Return what a reply does to its call."""
    if reply.error is not None:
        return Step.FAIL
    return Step.CONTINUE if reply.continues else Step.FINISH


class ServerConnection:
    """The daemon's side: calls come out one at a time, each only after the one before was answered."""

    def __init__(self) -> None:
        self._frames = FrameBuffer(limit=INBOUND_LIMIT_BYTES, begins_lines=is_call)
        self._state = State.IDLE
        self._peer_is_done = False

    @property
    def state(self) -> State:
        """What is going on."""
        return self._state

    @property
    def peer_is_done(self) -> bool:
        """Whether the peer has closed its sending half."""
        return self._peer_is_done

    @property
    def buffered_bytes(self) -> int:
        """How much was received and not yet taken, be it whole calls or the beginning of one."""
        return self._frames.buffered_bytes

    def receive(self, data: bytes) -> None:
        """Take in what was received; nothing means that the peer has closed its sending half."""
        self._peer_is_done = self._peer_is_done or not data
        self._frames.feed(data)

    def next_call(self) -> Call | None:
        """Return the next call, or None: more has to be received, or the state is closed.

        Raises:
            WireError: the peer does not speak the protocol; the state is closed.
            OutOfTurnError: the call before was not answered yet.
        """
        if self._state is State.CLOSED:
            return None
        if self._state is not State.IDLE:
            raise OutOfTurnError(f"no call can begin while {self._state.name}")
        call = self._take()
        if call is not None:
            self._go(_STEP_OF_MODE[call.mode])
        elif self._peer_is_done:
            self._go(Step.CLOSE)
        return call

    def send(self, reply: Reply) -> bytes:
        """Return what has to be sent for a reply to the present call; nothing, where none is wanted.

        Raises:
            OutOfTurnError: no call waits for such a reply.
        """
        silent = self._state is State.SILENT
        self._go(step_of(reply))
        return b"" if silent else encode_reply(reply) + self._frames.framing.value

    def _take(self) -> Call | None:
        try:
            frame = self._frames.take()
            return None if frame is None else decode_call(frame)
        except WireError:
            self._go(Step.CLOSE)
            raise

    def _go(self, step: Step) -> None:
        self._state = _after(self._state, step)


class ClientConnection:
    """A client's side: any number of calls may be sent ahead; replies come out in their order."""

    def __init__(self) -> None:
        self._frames = FrameBuffer(limit=OUTBOUND_LIMIT_BYTES)
        self._waiting: deque[State] = deque()
        self._peer_is_done = False

    @property
    def waiting(self) -> int:
        """How many calls are not over."""
        return len(self._waiting)

    @property
    def peer_is_done(self) -> bool:
        """Whether the daemon has closed the connection; nothing more will be received."""
        return self._peer_is_done

    def send(self, call: Call) -> bytes:
        """Return what has to be sent for a call."""
        if call.mode is not Mode.ONEWAY:
            self._waiting.append(_after(State.IDLE, _STEP_OF_MODE[call.mode]))
        return encode_call(call) + b"\0"

    def receive(self, data: bytes) -> None:
        """Take in what was received; nothing means that the daemon has closed the connection."""
        self._peer_is_done = self._peer_is_done or not data
        self._frames.feed(data)

    def next_reply(self) -> Reply | None:
        """Return the next reply, which is to the oldest call that is not over, or None until more comes.

        Raises:
            WireError: the daemon does not speak the protocol.
        """
        frame = self._frames.take()
        if frame is None:
            return None
        reply = decode_reply(frame)
        if not self._waiting:
            raise WireError("a reply came to no call")
        try:
            state = _after(self._waiting.popleft(), step_of(reply))
        except OutOfTurnError as error:
            raise WireError(f"a reply came out of turn: {error}") from error
        if state is not State.IDLE:
            self._waiting.appendleft(state)
        return reply


def _after(state: State, step: Step) -> State:
    following = TRANSITIONS[state].get(step)
    if following is None:
        raise OutOfTurnError(f"{step.name} cannot come while {state.name}")
    return following
