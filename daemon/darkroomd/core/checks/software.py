"""What is said of the programs at work: their versions, the kernel, and the worker process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from darkroomd.core.checks.verdict import bad, lasting, verdict, worth_a_look
from darkroomd.core.status import Check

WITHOUT_KERNEL: Final = (
    "The development kernel was not built when darkroomd was installed, so LibRaw develops alone, more "
    "slowly and less well. Install a C compiler and the headers of Python, then darkroomd again."
)

SLOW_START_SECONDS: Final = 10.0
"""A worker takes less than one second to start; a disk that is asleep takes some more."""


@dataclass(frozen=True, slots=True)
class Decoders:
    """What a worker says of the libraries it works with; `flags` are what LibRaw was built with."""

    libraw: str
    flags: tuple[str, ...]
    jpeg: str


@dataclass(frozen=True, slots=True)
class WorkerStart:
    """The last time a worker process was started.

    Attributes:
        seconds: until it was ready, or given up.
        ago_seconds: since then.
        problem: why it never got ready; None: it did.
        decoders: what it said of its libraries; None: nothing.
    """

    seconds: float
    ago_seconds: float
    problem: str | None = None
    decoders: Decoders | None = None


def pipeline_check(pipeline: str) -> Check:
    """Return what photos are developed by."""
    return Check("pipeline", ok=True, message=f"Photos are developed by {pipeline}.")


def kernel_check(*, built: bool) -> Check:
    """Return whether the compiled kernel develops; it may be done without, for good."""
    findings = [] if built else [worth_a_look(WITHOUT_KERNEL)]
    return verdict("kernel", findings, otherwise="The development kernel is built.")


def versions_check(
    versions: Mapping[str, str], *, running: str, installed: str | None, decoders: Decoders | None
) -> Check:
    """Return the versions of everything at work.

    Args:
        versions: of programs and libraries by name, in the order in which they are told.
        running: version of the daemon that answers.
        installed: version that would be started now; None: it is being replaced, or was removed.
        decoders: see `WorkerStart`.
    """
    said = ", ".join(f"{name} {version}" for name, version in versions.items())
    said = f"darkroomd {running}, {said}, {_of(decoders)}."
    if installed == running:
        return Check("versions", ok=True, message=said)
    what = (
        "no darkroomd is installed any more" if installed is None else f"darkroomd {installed} is installed"
    )
    sentence = f"{running} runs and {what}: restart the daemon once the installation is complete."
    return verdict("versions", [worth_a_look(f"{sentence} {said}")], otherwise=said)


def _of(decoders: Decoders | None) -> str:
    if decoders is None:
        return "LibRaw as rawpy brings it (which one is told once a worker was started)"
    flags = f" with {', '.join(decoders.flags)}" if decoders.flags else ""
    return f"{decoders.jpeg}, LibRaw {decoders.libraw}{flags}"


def worker_check(start: WorkerStart | None) -> Check:
    """Return whether worker processes can be started; None: it is just being tried for the first time."""
    if start is None:
        said = "A worker is being started to see whether that works; ask again in a moment."
        return Check("worker", ok=True, message=said)
    if start.problem is not None:
        sentence = (
            f"No worker could be started {lasting(start.ago_seconds)} ago ({start.problem}), so nothing is "
            "developed. Look into the log for what it says; install darkroomd again if that persists."
        )
        return verdict("worker", [bad(sentence)], otherwise="")
    ago = lasting(start.ago_seconds)
    said = f"The last worker was ready {ago} ago, {lasting(start.seconds)} after it was started."
    if start.seconds < SLOW_START_SECONDS:
        return Check("worker", ok=True, message=said)
    sentence = f"{said} That is slow: look at the disk darkroomd is installed on, and at what else runs."
    return verdict("worker", [worth_a_look(sentence)], otherwise=said)
