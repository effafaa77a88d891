"""How long the waiting photos will take, from how long the newest ones took."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median_low
from typing import Final

KEPT: Final = 31
"""So many of the newest photos count: few enough to follow a change of camera, enough to bear odd ones."""

LEAST: Final = 3
"""With fewer photos than that nothing is known."""

MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Developed:
    """What one photo cost.

    Attributes:
        raw_bytes: size of its RAW file.
        busy_usec: from the start of its work to the end of it, without any waiting.
    """

    raw_bytes: int
    busy_usec: int


@dataclass(frozen=True, slots=True)
class Rate:
    """The newest developed photos, oldest first; what was skipped or failed has no part in it."""

    newest: tuple[Developed, ...] = ()

    def after(self, developed: Developed) -> Rate:
        """Return the rate with one more photo. One whose size is not positive tells nothing."""
        if developed.raw_bytes <= 0 or developed.busy_usec < 0:
            return self
        return Rate((*self.newest[1 - KEPT :], developed))

    @property
    def known(self) -> bool:
        """Whether there are enough photos to say anything."""
        return len(self.newest) >= LEAST

    @property
    def usec_per_megabyte(self) -> int:
        """Return the median cost of a megabyte (10⁶ bytes) of RAW; only where the rate is known."""
        return median_low(item.busy_usec * MEGABYTE // item.raw_bytes for item in self.newest)

    @property
    def usec_per_photo(self) -> int:
        """Return the median cost of a photo; only where the rate is known."""
        return median_low(item.busy_usec for item in self.newest)


def remaining_usec(rate: Rate, *, waiting_count: int, waiting_bytes: int | None) -> int | None:
    """Return how long the waiting photos will take one after another; None while nothing is known.

    Args:
        rate: of what was done.
        waiting_count: photos to be developed, the running one included.
        waiting_bytes: sizes of their RAW files together; None where they are not known.
    """
    if waiting_count == 0:
        return 0
    if not rate.known:
        return None
    if waiting_bytes is None:
        return rate.usec_per_photo * waiting_count
    return rate.usec_per_megabyte * waiting_bytes // MEGABYTE
