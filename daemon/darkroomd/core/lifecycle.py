"""What may happen to items and jobs, and what a photo is then; a move that is not here is a bug.

The store keeps an item's state and derives a job's from its items; tests hold its statements to the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from darkroom.protocol.types import ItemState, JobState
from darkroomd.core.model import PhotoState, Progress


class ItemEvent(StrEnum):
    """What can happen to an item."""

    CLAIM = "claim"
    COMPLETE = "complete"
    SKIP = "skip"
    FAIL = "fail"
    PUT_BACK = "put_back"
    CANCEL = "cancel"
    SUPERSEDE = "supersede"
    DISCARD = "discard"
    RETRY = "retry"
    REVIVE = "revive"


ITEM_MOVES: Final[Mapping[ItemState, Mapping[ItemEvent, ItemState]]] = MappingProxyType(
    {
        ItemState.QUEUED: {
            ItemEvent.CLAIM: ItemState.RUNNING,
            ItemEvent.CANCEL: ItemState.CANCELED,
            ItemEvent.SUPERSEDE: ItemState.CANCELED,
            ItemEvent.DISCARD: ItemState.SKIPPED,
        },
        ItemState.RUNNING: {
            ItemEvent.COMPLETE: ItemState.COMPLETED,
            ItemEvent.SKIP: ItemState.SKIPPED,
            ItemEvent.FAIL: ItemState.FAILED,
            ItemEvent.CANCEL: ItemState.CANCELED,
            ItemEvent.PUT_BACK: ItemState.QUEUED,
        },
        ItemState.COMPLETED: {},
        ItemState.SKIPPED: {},
        ItemState.FAILED: {
            ItemEvent.RETRY: ItemState.QUEUED,
            ItemEvent.REVIVE: ItemState.QUEUED,
        },
        ItemState.CANCELED: {ItemEvent.REVIVE: ItemState.QUEUED},
    }
)
"""`{state: {event: next state}}`; one found up to date along with another is claimed and skipped at once."""

ENDINGS: Final = frozenset(ITEM_MOVES[ItemState.RUNNING].values()) - {ItemState.QUEUED}
"""How work on an item can end."""


class JobEvent(StrEnum):
    """What can happen to a job: each is a fact about its items, or somebody's wish that is in force."""

    CLAIM = "claim"
    PUT_BACK = "put_back"
    HOLD = "hold"
    RESUME = "resume"
    GO_ON = "go_on"
    CANCEL = "cancel"
    WIND_DOWN = "wind_down"
    DROP = "drop"
    COMPLETE = "complete"
    FAIL = "fail"
    CLOSE = "close"
    RETRY = "retry"


JOB_MOVES: Final[Mapping[JobState, Mapping[JobEvent, JobState]]] = MappingProxyType(
    {
        JobState.QUEUED: {
            JobEvent.CLAIM: JobState.RUNNING,
            JobEvent.HOLD: JobState.PAUSED,
            JobEvent.CANCEL: JobState.CANCELED,
            JobEvent.WIND_DOWN: JobState.CANCELING,
            JobEvent.DROP: JobState.CANCELED,
            JobEvent.COMPLETE: JobState.COMPLETED,
            JobEvent.FAIL: JobState.FAILED,
        },
        JobState.PAUSED: {
            JobEvent.RESUME: JobState.QUEUED,
            JobEvent.GO_ON: JobState.RUNNING,
            JobEvent.CANCEL: JobState.CANCELED,
            JobEvent.WIND_DOWN: JobState.CANCELING,
            JobEvent.DROP: JobState.CANCELED,
            JobEvent.COMPLETE: JobState.COMPLETED,
            JobEvent.FAIL: JobState.FAILED,
        },
        JobState.RUNNING: {
            JobEvent.CLAIM: JobState.RUNNING,
            JobEvent.PUT_BACK: JobState.QUEUED,
            JobEvent.HOLD: JobState.PAUSED,
            JobEvent.CANCEL: JobState.CANCELING,
            JobEvent.WIND_DOWN: JobState.CANCELING,
            JobEvent.DROP: JobState.CANCELED,
            JobEvent.COMPLETE: JobState.COMPLETED,
            JobEvent.FAIL: JobState.FAILED,
        },
        JobState.CANCELING: {JobEvent.CLOSE: JobState.CANCELED},
        JobState.COMPLETED: {},
        JobState.FAILED: {JobEvent.RETRY: JobState.QUEUED},
        JobState.CANCELED: {JobEvent.RETRY: JobState.QUEUED},
    }
)
"""`{state: {event: next state}}`; one canceled between two items takes both steps at once."""

ITEM_EVENTS: Final[Mapping[ItemEvent, str]] = MappingProxyType(
    {
        ItemEvent.CLAIM: "work on it begins",
        ItemEvent.COMPLETE: "its output stands in its place",
        ItemEvent.SKIP: "its output is up to date",
        ItemEvent.FAIL: "it failed for good",
        ItemEvent.PUT_BACK: "it is tried again later, or was interrupted",
        ItemEvent.CANCEL: "its job was canceled, or its RAW file or its recipes are gone",
        ItemEvent.SUPERSEDE: "an export took over its photo",
        ItemEvent.DISCARD: "its photo was discarded",
        ItemEvent.RETRY: "its job is retried",
        ItemEvent.REVIVE: "its job is retried, with what was canceled",
    }
)
"""What each event means, for people."""

JOB_EVENTS: Final[Mapping[JobEvent, str]] = MappingProxyType(
    {
        JobEvent.CLAIM: "work on an item begins",
        JobEvent.PUT_BACK: "its item waits again, and nothing of the job is done yet",
        JobEvent.HOLD: "somebody paused it, and none of its items runs any more",
        JobEvent.RESUME: "it is resumed, and was not started before",
        JobEvent.GO_ON: "it is resumed, and was started before",
        JobEvent.CANCEL: "somebody canceled it",
        JobEvent.WIND_DOWN: "somebody canceled it, and more items wait than are canceled at once",
        JobEvent.DROP: "the last of its items were canceled one by one or superseded",
        JobEvent.COMPLETE: "the last of its items ended, or was discarded, and all went well",
        JobEvent.FAIL: "the last of its items ended, and one of them had failed",
        JobEvent.CLOSE: "none of its items runs or waits any more",
        JobEvent.RETRY: "it is retried",
    }
)
"""What each event means, for people."""


def is_ending(state: ItemState) -> bool:
    """Tell whether work on an item can end in this state."""
    return state in ENDINGS


def is_live(state: JobState) -> bool:
    """Tell whether a job can still be held back, canceled or given another place."""
    return JobEvent.CANCEL in JOB_MOVES[state]


def waiting_state(*, has_output: bool) -> PhotoState:
    """Return the state of a photo that is queued: one that was developed before is outdated."""
    return PhotoState.OUTDATED if has_output else PhotoState.WAITING


def job_state(
    progress: Progress, *, started: bool, ended: bool, paused: bool = False, canceling: bool = False
) -> JobState:
    """Return the state of a job: what became of its items, and what somebody asked for.

    The store derives the same in SQL; a test holds the two together.
    """
    if not ended:
        if canceling:
            return JobState.CANCELING
        if paused and not progress.running:
            return JobState.PAUSED
        return JobState.RUNNING if started else JobState.QUEUED
    if canceling:
        return JobState.CANCELED
    if progress.failed:
        return JobState.FAILED
    return JobState.CANCELED if progress.canceled else JobState.COMPLETED
