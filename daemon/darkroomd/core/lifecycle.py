"""What may happen to an item, and what its photo is then; a move that is not here is a bug."""

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


ITEM_MOVES: Final[Mapping[ItemState, Mapping[ItemEvent, ItemState]]] = MappingProxyType(
    {
        ItemState.QUEUED: {
            ItemEvent.CLAIM: ItemState.RUNNING,
            ItemEvent.CANCEL: ItemState.CANCELED,
        },
        ItemState.RUNNING: {
            ItemEvent.COMPLETE: ItemState.COMPLETED,
            ItemEvent.SKIP: ItemState.SKIPPED,
            ItemEvent.FAIL: ItemState.FAILED,
            ItemEvent.PUT_BACK: ItemState.QUEUED,
        },
        ItemState.COMPLETED: {},
        ItemState.SKIPPED: {},
        ItemState.FAILED: {},
        ItemState.CANCELED: {},
    }
)
"""`{state: {event: next state}}`."""


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
