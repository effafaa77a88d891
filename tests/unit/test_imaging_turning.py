from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from darkroomd.imaging.turning import turned


def libraws(pixels: NDArray[np.uint8 | np.uint16], flip: int) -> NDArray[np.uint8 | np.uint16]:
    """Return what LibRaw's index of each pixel makes of the picture."""
    height, width = pixels.shape[:2]
    seen = np.empty((width, height, 3) if flip & 4 else pixels.shape, pixels.dtype)
    for row, column in np.ndindex(seen.shape[:2]):
        y, x = (column, row) if flip & 4 else (row, column)
        seen[row, column] = pixels[height - 1 - y if flip & 2 else y, width - 1 - x if flip & 1 else x]
    return seen


@pytest.mark.parametrize("flip", range(8))
@pytest.mark.parametrize("size", [(3, 5), (1, 7), (129, 40), (20, 260)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_picture_is_turned_by_libraws_number(
    kind: type[np.uint8 | np.uint16], size: tuple[int, int], flip: int
) -> None:
    chance = np.random.default_rng(flip)
    pixels: NDArray[np.uint8 | np.uint16] = chance.integers(0, np.iinfo(kind).max, (*size, 3)).astype(kind)

    upright = turned(pixels, flip)

    assert upright.flags.c_contiguous
    assert upright.dtype == kind
    np.testing.assert_array_equal(upright, libraws(pixels, flip))
