"""One worker process: started, asked, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import anyio
import structlog
from anyio.abc import ByteReceiveStream, ByteSendStream, Process

from darkroom.protocol.types import Failure
from darkroomd.core import worker_policy
from darkroomd.imaging.messages import (
    BrokenMessage,
    Developed,
    FromWorker,
    MessageReader,
    Opened,
    Ready,
    Refused,
    Stage,
)
from darkroomd.services.worker_starts import WorkerStarts

_KILL_SECONDS: Final = 5.0
"""A process that hangs in a dead network file system does not end even when killed: nobody waits longer."""

_CLOSE_SECONDS: Final = 2.0

log = structlog.get_logger()


class WorkerLost(Exception):
    """The worker is of no use any more.

    Attributes:
        failure: what that means for the photo it worked on.
        environment: it was not the photo's fault.
    """

    def __init__(self, failure: Failure, *, environment: bool = False) -> None:
        super().__init__(failure.message)
        self.failure: Final = failure
        self.environment: Final = environment


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """What a worker is started with.

    Attributes:
        log_format: of its lines on standard error, as `darkroomd.logs` names it.
        log_level: the least level of them.
        memory_bytes: bound on its address space; 0: by the size of each photo alone.
        file_bytes: bound on the length of a RAW file.
        pixels: bound on the size of a picture.
        threads: that it may work with; 0: as many as it likes.
    """

    log_format: str = "json"
    log_level: str = "info"
    memory_bytes: int = 0
    file_bytes: int = 1 << 30
    pixels: int = 250_000_000
    threads: int = 0

    def command(self, *, parent: int) -> list[str]:
        """Return the command line of a worker that belongs to the process `parent`."""
        return [
            *(sys.executable, "-P", "-m", "darkroomd.imaging"),
            f"--parent={parent}",
            f"--log-format={self.log_format}",
            f"--log-level={self.log_level}",
            f"--memory-bytes={self.memory_bytes}",
            f"--file-bytes={self.file_bytes}",
            f"--pixels={self.pixels}",
            f"--threads={self.threads}",
        ]


class WorkerProcess:
    """A running worker. Whoever started it ends it, by `close` or `kill`.

    Attributes:
        photos: how many requests it has answered.
        has_begun: whether it has told a stage of the last request.
    """

    def __init__(self, process: Process, starts: WorkerStarts | None = None) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._requests: ByteSendStream = process.stdin
        self._answers: ByteReceiveStream = process.stdout
        self._reader: MessageReader[FromWorker] = MessageReader(FromWorker)
        self._received: deque[FromWorker] = deque()
        self._greeting: Ready | None = None
        self._started_at = anyio.current_time()
        self._starts = starts or WorkerStarts()
        self.photos = 0
        self.has_begun = False

    @classmethod
    async def start(cls, settings: WorkerSettings, starts: WorkerStarts | None = None) -> WorkerProcess:
        """Start a process in a session of its own; it is not ready yet. `starts` is told how that goes.

        Raises:
            WorkerLost: the system would not.
        """
        process: Process | None = None
        try:
            # Cancelled between fork and return, the process would belong to nobody.
            with anyio.CancelScope(shield=True):
                process = await anyio.open_process(
                    settings.command(parent=os.getpid()),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=None,
                    start_new_session=True,
                )
        except OSError as error:
            (starts or WorkerStarts()).failed(str(error), seconds=0.0)
            raise WorkerLost(worker_policy.after_false_start(str(error)), environment=True) from error
        assert process is not None
        return cls(process, starts)

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group and session."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is known to be gone."""
        return self._process.returncode is not None

    async def ready(self, *, start_seconds: float) -> None:
        """Wait until the worker can work.

        Raises:
            WorkerLost: it ended, said something else, or was not ready in time.
        """
        problem = f"not ready after {start_seconds:g} seconds"
        if self._greeting is not None:
            return
        with anyio.move_on_after(start_seconds):
            try:
                said = await self._receive()
                self._greeting = said if isinstance(said, Ready) else None
            except WorkerLost as lost:
                if worker_policy.is_killed(lost.failure):
                    raise
                problem = f"{lost.failure.message} {lost.failure.context}"
        seconds = anyio.current_time() - self._started_at
        if self._greeting is None:
            self._starts.failed(problem, seconds=seconds)
            raise WorkerLost(worker_policy.after_false_start(problem), environment=True)
        self._starts.succeeded(self._greeting, seconds=seconds)

    async def ask(
        self,
        request: bytes,
        *,
        fence: int,
        on_stage: Callable[[Stage], None],
        on_opened: Callable[[Opened], None],
    ) -> Developed | Refused:
        """Send an encoded request and return its answer; what comes before it is told to the two others.

        Raises:
            WorkerLost: the worker ended or said what is no answer to this.
        """
        self.has_begun = False
        try:
            await self._requests.send(request)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise WorkerLost(await self._crash()) from error
        while True:
            message = await self._receive()
            if isinstance(message, Ready) or message.fence != fence:
                raise WorkerLost(worker_policy.after_broken_message("an answer to another request"))
            self.has_begun = True
            match message:
                case Stage():
                    on_stage(message)
                case Opened():
                    on_opened(message)
                case Developed() | Refused():
                    self.photos += 1
                    return message

    async def close(self) -> None:
        """End the worker by closing its input; kill it where that does not help within two seconds."""
        with anyio.move_on_after(_CLOSE_SECONDS, shield=True):
            await self._requests.aclose()
            await self._process.wait()
        await self.kill()

    async def kill(self) -> None:
        """End the worker at once and wait until it is gone. Never takes longer than a few seconds."""
        with anyio.move_on_after(_KILL_SECONDS, shield=True):
            if not self.has_ended:
                # macOS says "not permitted" of a process that has ended and was not collected yet.
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signal.SIGKILL)
                await self._process.wait()
        if not self.has_ended:
            log.error("worker_would_not_end", pid=self.pid)
        with anyio.CancelScope(shield=True):
            await self._requests.aclose()
            await self._answers.aclose()

    async def _receive(self) -> FromWorker:
        """Return the next message; raise `WorkerLost` where there is none or it makes no sense."""
        while not self._received:
            try:
                self._received += self._reader.feed(await self._answers.receive())
            except BrokenMessage as error:
                raise WorkerLost(worker_policy.after_broken_message(str(error))) from error
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
                raise WorkerLost(await self._crash()) from error
        return self._received.popleft()

    async def _crash(self) -> Failure:
        """Return why a worker that closed its pipe has done so."""
        with anyio.move_on_after(_CLOSE_SECONDS):
            await self._process.wait()
        code = self._process.returncode
        return worker_policy.after_crash(returncode=code, signal=_signal_name(code))


def _signal_name(returncode: int | None) -> str | None:
    """Return the name of the signal that ended a process, or None where none did."""
    if returncode is None or returncode >= 0:
        return None
    try:
        return signal.Signals(-returncode).name
    except ValueError:  # a real-time signal has a number only
        return str(-returncode)
