"""Do one thing in many folders, each time killed with SIGKILL before another of its effects on the disk."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from crash.victim import Executioner

TESTS: Final = Path(__file__).parents[1]
PATIENCE_SECONDS: Final = 120.0


def effects_of(victim: Path, top: Path, numbers: Sequence[int]) -> list[int]:
    """Run `victim` in the folders that are called by these numbers in `top`, to death; return their effects.

    Each number is that of the effect before which it is killed; 0 kills never.
    """
    subprocess.run(
        [sys.executable, str(victim), str(top), *map(str, numbers)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    return [int((top / str(number) / "effects").read_text() or 0) for number in numbers]


def be_victim(work: Callable[[Path], None]) -> None:
    """Be the program that `effects_of` runs: do the work in each folder, in a process of its own."""
    top, *numbers = sys.argv[1:]
    for number in numbers:
        child = os.fork()
        if child == 0:
            _die(Path(top) / number, int(number), work)
        _, status = os.waitpid(child, 0)
        if int(number) == 0 and status != 0:
            sys.exit(1)


def _die(folder: Path, fatal: int, work: Callable[[Path], None]) -> None:
    status = 1
    try:
        Executioner(folder, fatal=fatal).arm()
        work(folder)
        status = 0
    except BaseException:  # noqa: BLE001 - a child must not go on as its parent
        traceback.print_exc()
    finally:
        # Nothing is cleared up: whoever survived the last effect is killed after it.
        os._exit(status)
