"""What the daemon and its worker process say to each other.

Each message is a MessagePack map with a `type` tag, preceded by its length as four bytes, big endian.
Paths travel as bytes. The worker greets with `Ready`, then answers each `Develop` with any number of
`Stage`, an `Opened` where the file could be, and exactly one `Developed` or `Refused`. Pixels never cross.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final, Generic, TypeVar

import msgspec

from darkroom.protocol.types import Failure
from darkroomd.core.allowance import Sensor
from darkroomd.core.recipes import Recipe

HEADER_BYTES: Final = 4
"""Length prefix of a message."""

MESSAGE_LIMIT_BYTES: Final = 1 << 20
"""A longer message is a broken peer: both sides give up on it."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One output to make: `part` is the file that is created, written and fsynced."""

    recipe: Recipe
    part: bytes


class Develop(msgspec.Struct, frozen=True, kw_only=True, tag="develop"):
    """Develop `source` once and write every one of `targets` from that, or none.

    Attributes:
        lut: the .cube file that the adjustments name; None: none, or none that can be used.
        lut_sha256: of its content, hexadecimal.
        corrected_at_usec: when the photo was taken, where people know better than the camera.
    """

    fence: int
    correlation_id: str
    job_id: int
    item_id: int
    attempt: int
    source: bytes
    targets: tuple[Target, ...]
    adjustments: dict[str, Any]
    lut: bytes | None = None
    lut_sha256: str = ""
    corrected_at_usec: int | None = None


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """The worker has loaded what it needs and waits for work.

    Attributes:
        libraw: version of LibRaw.
        libraw_flags: what it was built with.
        jpeg: name and version of the library that writes JPEG.
    """

    pid: int
    pipeline: str
    libraw: str = ""
    libraw_flags: tuple[str, ...] = ()
    jpeg: str = ""


class Stage(msgspec.Struct, frozen=True, kw_only=True, tag="stage"):
    """The work entered a stage (`unpack`, `develop`, `encode`); percent is of the whole, 0 to 100."""

    fence: int
    stage: str
    percent: int


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    """The file was opened, and this is what it will cost to develop it (see `core.allowance.Burden`)."""

    fence: int
    file_bytes: int
    pixels: int
    sensor: Sensor


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part file that is complete and on disk; `sha256` is hexadecimal."""

    size_bytes: int
    sha256: str


class Developed(msgspec.Struct, frozen=True, kw_only=True, tag="developed"):
    """The part files are complete and on disk.

    Attributes:
        parts: what was written, in the order of the request's targets.
        raw_sha256: of the RAW file, hexadecimal.
        width: of the developed picture as shown, in pixels, before recipes give it another size.
        height: likewise.
        captured_at_usec: the camera's time, microseconds since the epoch; a camera that recorded no
            offset from UTC is taken to have been set to UTC. None if the file says nothing.
        zone_minutes: the camera's offset from UTC, where the file tells one.
        camera: make and model, or empty.
        pipeline: version of the pipeline that made the file.
        warnings: lines that the decoder wrote to its standard error.
        stage_seconds: wall time by stage.
        resident_bytes: memory the worker holds after the work; 0 where that is not known.
        left_out: keys of adjustments that are honoured, but could not be for this picture.
    """

    fence: int
    parts: tuple[Part, ...]
    raw_sha256: str
    width: int
    height: int
    captured_at_usec: int | None
    camera: str
    pipeline: str
    warnings: tuple[str, ...] = ()
    stage_seconds: dict[str, float] = {}
    resident_bytes: int = 0
    zone_minutes: int | None = None
    left_out: tuple[str, ...] = ()


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The work could not be done, for a reason that lies in the file, the disk or the memory.

    Attributes:
        environment: the fault is not the photo's (no space, read-only, no rights): no attempt is burnt.
        resident_bytes: as in `Developed`.
    """

    fence: int
    failure: Failure
    environment: bool = False
    resident_bytes: int = 0


FromWorker = Ready | Stage | Opened | Developed | Refused

Message = TypeVar("Message")

_LENGTH: Final = struct.Struct(">I")


class BrokenMessage(Exception):
    """The peer sent what is no message: too long, or not what was to be expected."""


def encode(message: msgspec.Struct) -> bytes:
    """Return a message as it travels; raise `BrokenMessage` where it would be too long."""
    content = msgspec.msgpack.encode(message)
    if len(content) > MESSAGE_LIMIT_BYTES:
        raise BrokenMessage(f"A message of {len(content)} bytes is over the limit of {MESSAGE_LIMIT_BYTES}.")
    return _LENGTH.pack(len(content)) + content


class MessageReader(Generic[Message]):
    """Cuts a stream of bytes into messages of one type or union, however the bytes arrive."""

    def __init__(self, kind: Any) -> None:  # noqa: ANN401 - a union of types has no type of its own
        self._decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(kind)
        self._received = bytearray()

    def feed(self, received: bytes) -> Iterator[Message]:
        """Yield the messages that are complete now; raise `BrokenMessage` at the first that is none."""
        self._received += received
        while len(self._received) >= HEADER_BYTES:
            (length,) = _LENGTH.unpack_from(self._received)
            if length > MESSAGE_LIMIT_BYTES:
                raise BrokenMessage(
                    f"A message of {length} bytes is over the limit of {MESSAGE_LIMIT_BYTES}."
                )
            end = HEADER_BYTES + length
            if len(self._received) < end:
                return
            content = bytes(self._received[HEADER_BYTES:end])
            del self._received[:end]
            yield self._decode(content)

    def _decode(self, content: bytes) -> Message:
        try:
            return self._decoder.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BrokenMessage(f"The message cannot be read: {error}") from error
