"""What the kernel needs of a Bayer sensor, as LibRaw reports it, and which sensors LibRaw takes itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import rawpy
from numpy.typing import NDArray

from darkroomd.imaging import containers, refusals, soundness, srgb, tiff

_CELL: Final = (2, 2)
_RED, _GREEN, _BLUE, _SECOND_GREEN = range(4)
_COLOURS: Final = 3
_COLOUR_NAMES: Final = b"RGBG"

_BLACK_LEVEL_CELL: Final = 50713
_PHASE_ONE_AT: Final = 8
_PHASE_ONE_MARKS: Final = (b"IIII", b"MMMM")

_LEAST_CAMERA_MATRIX: Final = 0.125
"""First element from which on LibRaw believes in the matrix that it made of the file's."""

_LEAST_FACTOR: Final = 1e-5
"""Of a white balance; below this there is none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mosaic:
    """Sensor values and what they mean; they belong to the decoder and end with it.

    Attributes:
        values: (height, width) uint16, the visible part.
        pattern: (2, 2), the cell's colours: 0 red, 1 and 3 green, 2 blue.
        black: (2, 2) float64, value of no light, by cell.
        scale: (2, 2) float64, by cell: to balanced colours, where all clip at 1 together.
    """

    values: NDArray[np.uint16]
    pattern: NDArray[np.integer]
    black: NDArray[np.float64]
    scale: NDArray[np.float64]


def is_plain(blob: bytes) -> bool:
    """Return whether the file needs none of the corrections that LibRaw makes after unpacking.

    Those are black levels in a cell larger than Bayer's, and what Phase One's backs record of their flaws.
    """
    if blob[_PHASE_ONE_AT : _PHASE_ONE_AT + 4] in _PHASE_ONE_MARKS:
        return False
    return all(
        side in {1, 2}
        for folder in tiff.folders(blob)
        if containers.holds_sensor_data(folder) and _BLACK_LEVEL_CELL in folder
        for side in folder[_BLACK_LEVEL_CELL].integers()
    )


def mosaic_of(raw: rawpy.RawPy) -> Mosaic | None:
    """Return the mosaic of an unpacked file; None where it is not red, green and blue, two by two, square."""
    pattern = _pattern(raw)
    if pattern is None or raw.sizes.pixel_aspect != 1:
        return None
    values = raw.raw_image_visible
    if min(values.shape) < min(_CELL):
        return None
    levels = raw.black_level_per_channel
    white = soundness.saturation(
        recorded=raw.camera_white_level_per_channel, black=min(levels[:_COLOURS]), white=raw.white_level
    )
    black = np.array(levels, dtype=np.float64)[pattern]
    if black.max() >= white:
        return None
    factors = balance(camera=raw.camera_whitebalance, daylight=raw.daylight_whitebalance)
    return Mosaic(values=values, pattern=pattern, black=black, scale=factors[pattern] / (white - black.max()))


def _pattern(raw: rawpy.RawPy) -> NDArray[np.integer] | None:
    """Return the cell of a plain Bayer mosaic at the visible part's corner."""
    if raw.raw_type is not rawpy.RawType.Flat:
        return None
    if (raw.num_colors, raw.color_desc) != (_COLOURS, _COLOUR_NAMES):
        return None
    try:
        pattern = raw.raw_pattern
    except NotImplementedError:
        return None
    return pattern if pattern is not None and is_bayer(pattern) else None


def is_bayer(pattern: NDArray[np.integer]) -> bool:
    """Return whether this is a cell of two greens across from each other, a red and a blue."""
    if pattern.shape != _CELL:
        return False
    folded = np.where(pattern == _SECOND_GREEN, _GREEN, pattern)
    falling, rising = folded.diagonal().tolist(), folded[::-1].diagonal().tolist()
    return [_GREEN, _GREEN] in (falling, rising) and sorted(falling + rising) == [_RED, _GREEN, _GREEN, _BLUE]


def balance(*, camera: Sequence[float], daylight: Sequence[float]) -> NDArray[np.float64]:
    """Return the factors of red, green, blue and second green, the smallest being 1.

    Args:
        camera: as shot; without a red or a blue it is none.
        daylight: what stands in for it, as the decoder knows the model.
    """
    chosen = camera if min(camera[_RED], camera[_BLUE]) > _LEAST_FACTOR else daylight
    factors = np.array(chosen, dtype=np.float64)
    factors[_GREEN] = factors[_GREEN] or 1.0
    factors[_SECOND_GREEN] = factors[_SECOND_GREEN] or factors[_GREEN]
    if not (np.isfinite(factors).all() and factors.min() > _LEAST_FACTOR):
        return np.ones(4)
    return np.asarray(factors / factors.min(), dtype=np.float64)


def to_linear_srgb(raw: rawpy.RawPy) -> NDArray[np.float64] | None:
    """Return the (3, 3) matrix from balanced camera RGB to linear sRGB; None where LibRaw keeps it to itself.

    Raises:
        Refusal: the file's matrix is none.
    """
    if raw.num_colors != _COLOURS:
        return None
    made = raw.color_matrix[:_COLOURS, :_COLOURS].astype(np.float64)
    if made[0, 0] > _LEAST_CAMERA_MATRIX:
        return made
    known = raw.rgb_xyz_matrix[:_COLOURS].astype(np.float64)
    return from_xyz_matrix(known) if known.any() else None


def from_xyz_matrix(to_camera: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return camera RGB to linear sRGB, from XYZ to camera RGB, as dcraw derives it.

    Rows are brought to a sum of 1 first: the white balance is not the matrix's to make.

    Raises:
        Refusal: there is none, or it is beyond every camera's.
    """
    from_srgb = to_camera @ np.array(srgb.TO_XYZ)
    sums = from_srgb.sum(axis=1, keepdims=True)
    if np.abs(sums).min() < soundness.LEAST_DETERMINANT:
        raise refusals.damaged("the colour matrix makes no white")
    if abs(np.linalg.det(from_srgb / sums)) < soundness.LEAST_DETERMINANT:
        raise refusals.damaged("the colour matrix makes all colours one")
    return np.asarray(np.linalg.inv(from_srgb / sums), dtype=np.float64)
