"""The worker's loop: a request comes in, stages and one answer go out."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import structlog
from structlog.contextvars import bound_contextvars

from darkroomd.core.allowance import Burden, memory_bytes
from darkroomd.core.stages import READ_PERCENT, UNPACK
from darkroomd.imaging import refusals
from darkroomd.imaging.confinement import allow_memory
from darkroomd.imaging.libraries import greeting
from darkroomd.imaging.messages import (
    Develop,
    Developed,
    MessageReader,
    Opened,
    Refused,
    Stage,
    encode,
)
from darkroomd.imaging.pipeline import Limits, develop
from darkroomd.imaging.refusals import Refusal, readable

_CHUNK_BYTES: Final = 1 << 16

log = structlog.get_logger()


class Worker:
    """Answers the requests that arrive on one pipe over another one, until the first is closed."""

    def __init__(self, *, requests: int, answers: int, limits: Limits) -> None:
        self._requests = requests
        self._answers = answers
        self._limits = limits

    def run(self) -> None:
        """Work until the daemon closes the pipe or is gone.

        Raises:
            BrokenMessage: the daemon sent what is no request; nothing can be trusted from there on.
        """
        try:
            self._send(greeting())
            for request in self._received():
                self._send(self._answer(request))
        except BrokenPipeError:
            log.info("daemon_was_gone")

    def _received(self) -> Iterator[Develop]:
        reader: MessageReader[Develop] = MessageReader(Develop)
        while received := os.read(self._requests, _CHUNK_BYTES):
            yield from reader.feed(received)

    def _send(self, message: msgspec.Struct) -> None:
        rest = memoryview(encode(message))
        while rest:
            rest = rest[os.write(self._answers, rest) :]

    def _answer(self, request: Develop) -> Developed | Refused:
        ids = {
            "correlation_id": request.correlation_id,
            "job": request.job_id,
            "item": request.item_id,
            "attempt": request.attempt,
        }
        with bound_contextvars(**ids):
            try:
                return self._developed(request)
            except Refusal as refusal:
                return _refused(request, refusal)
            except MemoryError:
                return _refused(request, refusals.out_of_memory())
            except BrokenPipeError:
                raise
            except Exception as bug:
                log.exception("development_hit_a_bug")
                return _refused(request, refusals.bug(repr(bug)))

    def _developed(self, request: Develop) -> Developed:
        log.debug("development_started", source=readable(request.source))

        def announce(stage: str, percent: int) -> None:
            self._send(Stage(fence=request.fence, stage=stage, percent=percent))
            log.debug("stage_entered", stage=stage)

        def make_room(burden: Burden) -> None:
            _bound_memory(burden)
            self._send(
                Opened(
                    fence=request.fence,
                    file_bytes=burden.file_bytes,
                    pixels=burden.pixels,
                    sensor=burden.sensor,
                )
            )
            self._send(Stage(fence=request.fence, stage=UNPACK, percent=READ_PERCENT))

        # Until the file was read nobody knows how long it is; the last photo's bound says nothing of it.
        _bound_memory(Burden(file_bytes=self._limits.file_bytes, pixels=0))
        done = develop(request, limits=self._limits, announce=announce, on_opened=make_room)
        for line in done.warnings:
            log.warning("decoder_warned", line=line)
        for part in done.parts:
            log.info("part_written", size_bytes=part.size_bytes, seconds=done.stage_seconds)
        return msgspec.structs.replace(done, resident_bytes=resident_bytes())


def _bound_memory(burden: Burden) -> None:
    problem = allow_memory(memory_bytes(burden))
    if problem is not None:
        log.debug("memory_not_bounded", reason=problem)


def _refused(request: Develop, refusal: Refusal) -> Refused:
    log.debug("development_refused", code=refusal.failure.code, context=refusal.failure.context)
    return Refused(
        fence=request.fence,
        failure=refusal.failure,
        environment=refusal.environment,
        resident_bytes=resident_bytes(),
    )


def resident_bytes() -> int:
    """Return the memory this process holds; where there is no /proc, the most it ever held."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize()
