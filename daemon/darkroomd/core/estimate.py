"""How long the waiting photos will take, from how long the newest ones took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median_low
from typing import Final

from darkroomd.core.model import Progress
from darkroomd.core.statistics import Sample

KEPT: Final = 31
"""So many of the newest photos count: few enough to follow a change of camera, enough to bear odd ones."""

LEAST: Final = 3
"""With fewer photos than that nothing is known."""

MEGAPIXEL: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Developed:
    """What one photo cost.

    Attributes:
        pixels: of its RAW file.
        busy_usec: from the start of its work to the end of it, without any waiting.
    """

    pixels: int
    busy_usec: int


@dataclass(frozen=True, slots=True)
class Rate:
    """The newest developed photos, oldest first; what was skipped or failed has no part in it."""

    newest: tuple[Developed, ...] = ()

    def after(self, developed: Developed) -> Rate:
        """Return the rate with one more photo. One whose size is not positive tells nothing."""
        if developed.pixels <= 0 or developed.busy_usec < 0:
            return self
        return Rate((*self.newest[1 - KEPT :], developed))

    @property
    def known(self) -> bool:
        """Whether there are enough photos to say anything."""
        return len(self.newest) >= LEAST

    @property
    def usec_per_megapixel(self) -> int:
        """Return the median cost of a megapixel (10⁶ pixels of RAW); only where the rate is known."""
        return median_low(item.busy_usec * MEGAPIXEL // item.pixels for item in self.newest)

    @property
    def mean_pixels(self) -> int:
        """Return the mean size of a photo; only where the rate is known.

        Where sessions of two cameras take turns, the median would be that of one or the other by chance.
        """
        return sum(item.pixels for item in self.newest) // len(self.newest)


def rate_of(samples: Iterable[Sample]) -> Rate:
    """Return the rate that kept figures give, oldest first; those without a size tell nothing."""
    rate = Rate()
    for sample in samples:
        if not sample.failed and sample.pixels is not None:
            rate = rate.after(Developed(sample.pixels, sample.busy_usec))
    return rate


def remaining_usec(rate: Rate, progress: Progress, *, workers: int = 1) -> int | None:
    """Return how long so many workers will take for the waiting photos; None while nothing is known.

    A photo that was not developed before counts as the mean of the newest ones. Running photos count whole.
    What is only copied has no pixels to develop, and nothing is known of it.
    """
    waiting = progress.total - progress.ended
    if waiting <= 0:
        return 0
    if not rate.known:
        return None
    unsized = max(0, waiting - progress.sized)
    pixels = progress.sized_pixels + unsized * rate.mean_pixels
    if not pixels:
        return None
    return rate.usec_per_megapixel * pixels // MEGAPIXEL // min(workers, waiting)
