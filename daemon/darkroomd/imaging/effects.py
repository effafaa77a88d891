"""Effects on the picture as it is cropped: vignette, then grain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from darkroomd.core.adjustments import Effects
from darkroomd.imaging import strips, vignette


def affect(
    pixels: NDArray[np.uint16], effects: Effects, *, seed: bytes, threads: int = strips.THREADS
) -> None:
    """Apply effects in place: (height, width, 3) uint16, display values, contiguous and writable.

    `seed` is the SHA-256 of the RAW file: one photo has one grain for ever. The bytes are the same for any
    number of threads. Where nothing is set, nothing is loaded nor changed.

    Raises:
        MemoryError: there is too little.
    """
    if effects.vignette_amount:
        vignette.darken_corners(pixels, effects, threads=threads)
    if effects.grain_amount:
        from darkroomd.imaging import grain  # noqa: PLC0415 - loads OpenCV

        grain.add_grain(pixels, effects, seed=seed, threads=threads)
