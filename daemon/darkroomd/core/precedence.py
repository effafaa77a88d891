"""People first: which background work makes way for what somebody asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from darkroom.protocol.types import Priority
from darkroomd.core.export_plan import BACKGROUND
from darkroomd.core.model import JobKind

PATIENCE: Final = 3
"""How often in a row background work makes way before some of it is finished: each time its work is lost."""


class RunningBackground(StrEnum):
    """What becomes of a background photo that is in work when something of high priority comes to wait."""

    FINISH = "finish"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class InWork:
    """An item that is being worked on.

    Attributes:
        fence: of its claim.
        kind: of its job.
        priority: that it was claimed with.
    """

    fence: int
    kind: JobKind
    priority: Priority


def making_way(
    policy: RunningBackground, in_work: Iterable[InWork], *, times_before: int = 0
) -> frozenset[int]:
    """Return the fences of what is stopped, and done again later, once something of high priority waits.

    What somebody asked for never is, nor an archive, nor a background photo that was given high priority.
    `times_before` is how often background work has made way since some of it came to an end.
    """
    if policy is RunningBackground.FINISH or times_before >= PATIENCE:
        return frozenset()
    return frozenset(
        work.fence for work in in_work if work.kind in BACKGROUND and work.priority is not Priority.HIGH
    )
