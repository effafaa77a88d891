"""Which outputs of a photo are due, where each recipe's is judged by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from darkroomd.core.freshness import AGED, Altered, NeedsHash, Outdated, UpToDate, Verdict
from darkroomd.core.model import Wish


def overall(verdicts: Iterable[Verdict | None]) -> Verdict | None:
    """Return what is to be said of a photo whose outputs were judged so; None: there is no telling.

    What asks for work comes first, then what has to be looked at, then what is only shown.
    """
    return min(verdicts, key=_urgency, default=UpToDate())


def to_make(verdicts: Mapping[str, Verdict | None]) -> tuple[str, ...]:
    """Return which outputs of a photo are made when the background develops it, in the order of `verdicts`.

    Made are those that nothing can stand in for: never made, gone, made from something else, or doubtful.
    What only a newer pipeline would make differently, and what somebody else changed, stays as it is until
    somebody asks for the photo. Where nothing is due all are made: whoever had it queued wanted that.
    """
    due = tuple(recipe for recipe, verdict in verdicts.items() if _urgency(verdict) < _AGED)
    return due or tuple(verdicts)


@dataclass(frozen=True, slots=True)
class Due:
    """What an export does about one photo.

    Attributes:
        recipes: whose outputs are made, in order; none: the photo is skipped.
        reason: why, as a code.
        rest_is_due: outputs by other recipes are to be made as well, which the export does not ask for.
    """

    recipes: tuple[str, ...]
    reason: str
    rest_is_due: bool = False


UP_TO_DATE: Final = "up_to_date"
FORCED: Final = "forced"
FAILED_BEFORE: Final = "failed_before"
ALTERED: Final = "altered"
UNTOLD: Final = "untold"
"""Why an export makes an output or does not, where no `Cause` says it; the last: the disk does not tell."""


def due_for(verdicts: Mapping[str, Verdict | None], wish: Wish, *, failed_before: bool) -> Due:
    """Return what an export with a wish makes of a photo whose outputs were judged so, by recipe.

    A photo that failed is tried again whatever its outputs are, and one whose export is forced as well.
    """
    asked = {one: each for one, each in verdicts.items() if wish.recipes is None or one in wish.recipes}
    needed = {one: each for one, each in asked.items() if _urgency(each) < _UP_TO_DATE}
    left = any(_urgency(each) < _AGED for one, each in verdicts.items() if one not in asked)
    if wish.forced:
        return Due(tuple(asked), FORCED, left)
    if failed_before:
        return Due(tuple(needed or asked), FAILED_BEFORE, left)
    if not needed:
        return Due((), UP_TO_DATE, left)
    return Due(tuple(needed), _reason(overall(needed.values())), left)


def _reason(verdict: Verdict | None) -> str:
    match verdict:
        case Outdated(cause=cause):
            return cause.value
        case Altered():
            return ALTERED
        case _:
            return UNTOLD


_OUTDATED, _UNKNOWN, _UNREAD, _AGED, _ALTERED, _UP_TO_DATE = range(6)


def _urgency(verdict: Verdict | None) -> int:
    match verdict:
        case None:
            return _UNKNOWN
        case UpToDate():
            return _UP_TO_DATE
        case Altered():
            return _ALTERED
        case NeedsHash():
            return _UNREAD
        case Outdated():
            return _AGED if verdict == AGED else _OUTDATED
