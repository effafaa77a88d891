"""Which outputs of a photo are due, where each recipe's is judged by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from darkroomd.core.freshness import AGED, Altered, NeedsHash, Outdated, UpToDate, Verdict


def overall(verdicts: Iterable[Verdict | None]) -> Verdict | None:
    """Return what is to be said of a photo whose outputs were judged so; None: there is no telling.

    What asks for work comes first, then what has to be looked at, then what is only shown.
    """
    return min(verdicts, key=_urgency, default=UpToDate())


def to_make(verdicts: Mapping[str, Verdict | None], *, asked: bool) -> tuple[str, ...]:
    """Return which outputs of a photo are made when it is developed, in the order of `verdicts`.

    Made are those that nothing can stand in for: never made, gone, made from something else, or doubtful.
    What only a newer pipeline would make differently, and what somebody else changed, stays as it is unless
    somebody `asked` for the photo. Where nothing is due all are made: whoever had it queued wanted that.
    """
    kept = _UP_TO_DATE if asked else _AGED
    due = tuple(recipe for recipe, verdict in verdicts.items() if _urgency(verdict) < kept)
    return due or tuple(verdicts)


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
