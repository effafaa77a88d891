"""Step back: a worker takes what the machine has left over, dies with its daemon and before anyone else.

Each measure is taken for itself. One that the system refuses is named to the caller, who logs it: a
photo developed at normal priority is better than none.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

LOWEST_PRIORITY: Final = 19
FIRST_TO_DIE: Final = 800
"""On the kernel's scale to 1000: before the daemon and the desktop, after what asks to be killed."""

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_IOPRIO_WHO_PROCESS: Final = 1
_IOPRIO_CLASS_SHIFT: Final = 13
_IOPRIO_CLASS_IDLE: Final = 3
_IOPRIO_SET: Final = {"x86_64": 251, "aarch64": 30, "armv7l": 314, "i686": 289, "riscv64": 30, "ppc64le": 273}
"""Numbers of the system call, which the C library has no name for, by machine."""

_ORPHANED: Final = 1
"""Exit status of a worker whose daemon is gone."""


def confine(*, parent: int, memory_bytes: int) -> dict[str, str]:
    """Take all measures and return those that failed, with the reason.

    Args:
        parent: process id of the daemon; where it is gone already, this process ends at once.
        memory_bytes: bound on the address space; 0: none.
    """
    measures: dict[str, Callable[[], None]] = {
        "die_with_parent": lambda: _die_with_parent(parent),
        "nice": lambda: os.setpriority(os.PRIO_PROCESS, 0, LOWEST_PRIORITY),
        "core_dump": lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
        "signals": _leave_signals_to_the_daemon,
        "time_zone": _use_utc,
    }
    if memory_bytes:
        measures["memory"] = lambda: resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    if sys.platform == "linux":
        measures |= {
            "batch": _schedule_in_batches,
            "idle_io": _use_idle_disk_time,
            "oom": lambda: _write_own("oom_score_adj", FIRST_TO_DIE),
            "no_new_privileges": lambda: _control(_PR_SET_NO_NEW_PRIVS, 1),
        }
    return {name: reason for name, measure in measures.items() if (reason := _refusal(measure))}


def allow_memory(size_bytes: int) -> str | None:
    """Bound this process's address space anew, never beyond what `confine` has set; return why not, if not.

    What is held already stays, even where it is more.
    """
    _, highest = resource.getrlimit(resource.RLIMIT_AS)
    bound = size_bytes if highest == resource.RLIM_INFINITY else min(size_bytes, highest)
    return _refusal(lambda: resource.setrlimit(resource.RLIMIT_AS, (bound, highest)))


def _refusal(measure: Callable[[], None]) -> str | None:
    try:
        measure()
    except (OSError, ValueError) as error:
        return str(error)
    return None


def _die_with_parent(parent: int) -> None:
    if sys.platform == "linux":
        _control(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=exit_at_hangup, args=(0,), daemon=True).start()
    # A parent that died before this line sends no signal any more.
    if os.getppid() != parent:
        os._exit(_ORPHANED)


def exit_at_hangup(descriptor: int) -> None:
    """End this process once the writing end of the pipe `descriptor` is closed, without reading from it."""
    poll = select.poll()
    poll.register(descriptor, 0)  # a hang-up is reported even where nothing is asked for
    poll.poll()
    os._exit(_ORPHANED)


def _schedule_in_batches() -> None:
    # Not SCHED_IDLE: beside one spinning program it leaves a third of a percent, in which no photo is
    # developed before its deadline. Batch keeps the weight of nice 19 and never preempts.
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _use_idle_disk_time() -> None:
    number = _IOPRIO_SET.get(platform.machine())
    if number is None:
        raise OSError(f"The number of ioprio_set is not known on {platform.machine()}.")
    library = ctypes.CDLL(None, use_errno=True)
    priority = _IOPRIO_CLASS_IDLE << _IOPRIO_CLASS_SHIFT
    if library.syscall(number, _IOPRIO_WHO_PROCESS, 0, priority) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _control(option: int, value: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _write_own(name: str, value: int) -> None:
    Path("/proc/self", name).write_text(f"{value}\n", encoding="ascii")


def _leave_signals_to_the_daemon() -> None:
    # Ctrl-C reaches everyone at the terminal, and a service manager's stop everyone in the control group:
    # the daemon decides what becomes of the work, and a worker that went first would look like a crash.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _use_utc() -> None:
    # LibRaw turns the camera's clock into a time stamp and rawpy turns it back, by the local zone: in
    # the hour that daylight saving skips they disagree.
    os.environ["TZ"] = "UTC"
    time.tzset()
