"""When a worker process is replaced, and what its end means for the photo it worked on."""

from __future__ import annotations

from dataclasses import dataclass

from darkroom.protocol.types import Failure


@dataclass(frozen=True, slots=True)
class RetirePolicy:
    """How long one worker process lives.

    Attributes:
        photos: after so many it is replaced: what C libraries leak is given back.
        resident_bytes: so is one that holds more memory than this after its work.
    """

    photos: int = 200
    resident_bytes: int = 1 << 30


def threads_each(workers: int, *, cores: int) -> int:
    """Return how many threads each worker may take; 0: as many as it likes, where it is the only one."""
    return 0 if workers == 1 else max(1, cores // workers)


def is_spent(policy: RetirePolicy, *, photos: int, resident_bytes: int, out_of_memory: bool) -> bool:
    """Tell whether a worker is to be replaced after having done this."""
    return out_of_memory or photos >= policy.photos or resident_bytes > policy.resident_bytes


def after_crash(*, returncode: int | None, signal: str | None) -> Failure:
    """Return the failure of a photo whose worker ended by itself.

    Args:
        returncode: as the system gives it; None: it closed its pipe and would not end.
        signal: name of the signal that ended it, if one did.
    """
    message = "The decoder crashed on this photo. If it does so again, report it with the RAW file."
    if signal == "SIGKILL":
        # Nobody says who killed it; the kernel does when memory runs out, and so may a person.
        message = "The worker was killed, as the system does when memory runs out. Close other programs."
    return Failure(
        code="worker.crashed",
        message=message,
        transient=True,
        context={"returncode": returncode, "signal": signal},
    )


def is_killed(failure: Failure) -> bool:
    """Tell whether a worker was killed from outside, which does not mean that none can be started.

    It counts against the photo that waited for it, as a kill during the work does: were it held against the
    queue, whoever kills each worker would hold up all photos, and not only one after the other.
    """
    return failure.context.get("signal") == "SIGKILL"


def after_broken_message(problem: str) -> Failure:
    """Return the failure of a photo on which the worker answered with what is no answer."""
    return Failure(
        code="worker.crashed",
        message="The worker answered with nonsense and was stopped. Report it with the RAW file.",
        transient=True,
        context={"reason": problem, "returncode": None, "signal": None},
    )


def after_deadline(deadline_seconds: float) -> Failure:
    """Return the failure of a photo that took too long."""
    return Failure(
        code="worker.timeout",
        message="Development took too long and was stopped. Raise deadline_seconds in [worker] if the "
        "machine is slow.",
        transient=True,
        context={"deadlineMsec": round(deadline_seconds * 1000)},
    )


def after_false_start(problem: str) -> Failure:
    """Return the failure where no worker could be started, which is no photo's fault."""
    return Failure(
        code="worker.not_started",
        message="The worker process could not be started. The log has the details; reinstall if it persists.",
        transient=True,
        context={"reason": problem},
    )


def after_oversized_request(problem: str) -> Failure:
    """Return the failure of a photo whose adjustments are too many to be handed over."""
    return Failure(
        code="sidecar.too_large",
        message="The photo's adjustments are too many to be used. Remove some from its sidecar.",
        transient=False,
        context={"reason": problem},
    )
