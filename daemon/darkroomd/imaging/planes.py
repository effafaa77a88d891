"""What OpenCV does with planes of numbers, by those of its functions that are exact on every machine.

Importing this loads OpenCV, which takes time and address space: import it only where it is needed. It
runs on the calling thread alone. Window sums are sums of whole numbers, Gaussians and enlargements are
done in fixed point, reductions by powers of two are exact in single precision: no result depends on the
instructions that a processor has. That leaves out its linear and cubic rotation, and Intel's routines.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from darkroomd.core.framing import Affine
from darkroomd.imaging.strips import Sample, strips

Sixteen = NDArray[np.uint16]
Exact = NDArray[np.float64]

_OUT_OF_MEMORY: Final = -4
"""OpenCV's number for it."""

_REACH: Final = 5
"""Pixels around a place that have a part in its value."""

_HALF: Final = 0.5 + 1e-6
"""Of a pixel, and what rounding adds."""

_REFLECTED: Final = cv2.BORDER_REFLECT_101

cv2.setNumThreads(1)
cv2.ipp.setUseIPP(False)


@contextmanager
def memory_told() -> Generator[None]:
    """Raise `MemoryError` where OpenCV says in its own way that there is none."""
    try:
        yield
    except cv2.error as error:
        if error.code != _OUT_OF_MEMORY:
            raise
        raise MemoryError from error


def reach(sigma: float) -> int:
    """Return how many pixels away a Gaussian of `sigma` pixels still looks."""
    return math.ceil(3 * sigma)


def blurred(plane: Sixteen, *, sigma: float) -> Sixteen:
    """Return a plane after a Gaussian of `sigma` pixels, mirrored at the borders."""
    blurry = np.empty_like(plane)
    size = 2 * reach(sigma) + 1
    cv2.GaussianBlur(plane, (size, size), sigma, dst=blurry, borderType=_REFLECTED)
    return blurry


def window_means(values: Exact, *, radius: int) -> Exact:
    """Return the means over squares of 2 * radius + 1 pixels; the values are whole numbers."""
    side = 2 * radius + 1
    sums = np.empty_like(values)
    cv2.boxFilter(values, cv2.CV_64F, (side, side), dst=sums, normalize=False, borderType=_REFLECTED)
    sums /= side * side
    return sums


def lowest(plane: Sixteen, *, radius: int) -> Sixteen:
    """Return the smallest value within squares of 2 * radius + 1 pixels."""
    found = np.empty_like(plane)
    cv2.erode(plane, _square(radius), dst=found, borderType=cv2.BORDER_REPLICATE)
    return found


def highest(plane: Sixteen, *, radius: int) -> Sixteen:
    """Return the largest value within squares of 2 * radius + 1 pixels."""
    found = np.empty_like(plane)
    cv2.dilate(plane, _square(radius), dst=found, borderType=cv2.BORDER_REPLICATE)
    return found


def _square(radius: int) -> NDArray[np.uint8]:
    return np.ones((2 * radius + 1, 2 * radius + 1), dtype=np.uint8)


def parts(pixels: Sixteen) -> tuple[Sixteen, Sixteen, Sixteen]:
    """Return the three channels of (height, width, 3) as planes of their own."""
    planes = tuple(np.empty(pixels.shape[:2], dtype=np.uint16) for _ in range(3))
    cv2.split(pixels, planes)
    return planes[0], planes[1], planes[2]


def merge_into(pixels: Sixteen, channels: tuple[Sixteen, Sixteen, Sixteen]) -> None:
    """Write three planes into (height, width, 3)."""
    pixels[...] = cv2.merge(channels)


def shrunk(pixels: Sixteen, *, factor: int) -> Sixteen:
    """Return the means of squares of `factor` pixels, a power of two up to 16; the borders are repeated."""
    height, width = pixels.shape[:2]
    small = np.empty((-(-height // factor), -(-width // factor), *pixels.shape[2:]), dtype=np.uint16)
    for rows in strips(height, width=width):
        strip = pixels[rows]
        below, right = -strip.shape[0] % factor, -width % factor
        if below or right:
            strip = np.ascontiguousarray(
                cv2.copyMakeBorder(strip, 0, below, 0, right, cv2.BORDER_REPLICATE), dtype=np.uint16
            )
        into = small[rows.start // factor : -(-rows.stop // factor)]
        cv2.resize(strip, into.shape[1::-1], dst=into, interpolation=cv2.INTER_AREA)
    return small


def grown(small: Sixteen, *, factor: int, rows: slice, width: int) -> Sixteen:
    """Return some rows of a plane that was reduced by `factor`, brought back to its size linearly.

    `rows` begins at a multiple of `factor`; any cut into rows gives the same values.
    """
    top, bottom = rows.start // factor, -(-rows.stop // factor)
    above = min(1, top)
    block = small[top - above : bottom + 1]
    size = (small.shape[1] * factor, block.shape[0] * factor)
    large = np.empty(size[::-1], dtype=np.uint16)
    cv2.resize(block, size, dst=large, interpolation=cv2.INTER_LINEAR_EXACT)
    start = above * factor
    return large[start : start + rows.stop - rows.start, :width]


def sampled(
    pixels: NDArray[Sample], origin: Affine, *, width: int, height: int, background: int = 0
) -> NDArray[Sample]:
    """Return `width` by `height` pixels, each taken by Lanczos' method from where `origin` says.

    What lies more than half a pixel outside of the picture becomes `background`.
    """
    near, far = _bounds(origin, width=width, height=height)
    left, top = (max(0, math.floor(place) - _REACH) for place in near)
    right, bottom = (math.ceil(place) + _REACH + 1 for place in far)
    window = pixels[top : max(0, bottom), left : max(0, right)]
    taken = np.full((height, width, *pixels.shape[2:]), background, dtype=pixels.dtype)
    if not window.size:
        return taken
    matrix = np.array(
        [[origin.xx, origin.xy, origin.x0 - left], [origin.yx, origin.yy, origin.y0 - top]], dtype=np.float64
    )
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    cv2.warpAffine(window, matrix, (width, height), taken, flags, cv2.BORDER_REPLICATE)
    limits = (pixels.shape[1] - 0.5, pixels.shape[0] - 0.5)
    if min(near) < -_HALF or far[0] > limits[0] or far[1] > limits[1]:
        taken[_outside(origin, width=width, height=height, limits=limits)] = background
    return taken


def _bounds(origin: Affine, *, width: int, height: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the least and the greatest x and y of what is asked for."""
    corners = [origin.at(x, y) for x in (0, width - 1) for y in (0, height - 1)]
    across, down = zip(*corners, strict=True)
    return (min(across), min(down)), (max(across), max(down))


def _outside(origin: Affine, *, width: int, height: int, limits: tuple[float, float]) -> NDArray[np.bool_]:
    across = np.arange(width, dtype=np.float64)[np.newaxis]
    down = np.arange(height, dtype=np.float64)[:, np.newaxis]
    x = origin.xx * across + (origin.xy * down + origin.x0)
    y = origin.yx * across + (origin.yy * down + origin.y0)
    return (x < -_HALF) | (x > limits[0]) | (y < -_HALF) | (y > limits[1])
