"""The kernel's arithmetic again, in numpy and one step at a time; the bytes must be equal."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Plane: TypeAlias = NDArray[np.float32]
Value = TypeVar("Value", bound=np.generic)

MARGIN = 4
HALF, QUARTER = np.float32(0.5), np.float32(0.25)
LEAST_GRADIENT = np.float32(1e-9)
RED, GREEN, BLUE = 0, 1, 2
SECOND_GREEN = 3


def developed(
    mosaic: NDArray[np.uint16],
    *,
    pattern: NDArray[np.intp],
    black: NDArray[np.float32],
    scale: NDArray[np.float32],
    matrix: NDArray[np.float32],
    tables: NDArray[np.uint8] | NDArray[np.uint16],
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return what the kernel makes of a mosaic: (height, width, 3) of the tables' type."""
    cells = np.where(pattern == SECOND_GREEN, GREEN, pattern)
    colours, levels, factors = (
        np.tile(cell, (np.array(mosaic.shape) + 1) // 2)[: mosaic.shape[0], : mosaic.shape[1]]
        for cell in (cells, black, scale)
    )
    roots = np.sqrt(clipped((mosaic.astype(np.float32) - levels) * factors))
    camera = demosaiced(np.pad(roots, MARGIN, mode="reflect"), np.pad(colours, MARGIN, mode="reflect"))
    light = [clipped(channel) * clipped(channel) for channel in camera]
    return shown(light, matrix=matrix, tables=tables)


def tinted(
    picture: NDArray[np.uint16],
    *,
    matrix: NDArray[np.float32],
    tables: NDArray[np.uint8] | NDArray[np.uint16],
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return what the kernel makes of a linear picture."""
    channels = [picture[..., channel].astype(np.float32) for channel in (RED, GREEN, BLUE)]
    return shown(channels, matrix=matrix, tables=tables, whole=65535.0)


def shown(
    light: list[Plane],
    *,
    matrix: NDArray[np.float32],
    tables: NDArray[np.uint8] | NDArray[np.uint16],
    whole: float = 1.0,
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return the display values of linear light: matrix, clip, table."""
    mixed = [clipped((a * light[0] + b * light[1] + c * light[2]) / np.float32(whole)) for a, b, c in matrix]
    indices = [(channel * np.float32(65535) + HALF).astype(np.int32) for channel in mixed]
    return np.stack([table[index] for table, index in zip(tables, indices, strict=True)], axis=-1)


def demosaiced(roots: Plane, colours: NDArray[np.intp]) -> list[Plane]:
    """Return red, green and blue of a mosaic that has a margin, which is gone from the result."""
    is_green = shifted(colours, 0, 0, margin=2) == GREEN
    own = shifted(roots, 0, 0, margin=2)
    green = np.where(is_green, own, green_elsewhere(roots))
    difference = np.where(is_green, np.float32(0), own - green)
    inner = shifted(colours, 0, 0, margin=MARGIN)
    channels = []
    for colour in (RED, BLUE):
        median = median_of_nine(everywhere(difference, shifted(colours, 0, 0, margin=2) == colour))
        measured = shifted(roots, 0, 0, margin=MARGIN)
        interpolated = shifted(green, 0, 0, margin=2) + median
        channels.append(np.where(inner == colour, measured, interpolated))
    return [channels[0], shifted(green, 0, 0, margin=2), channels[1]]


def green_elsewhere(roots: Plane) -> Plane:
    """Return green as interpolated at every pixel, whatever its colour; two rows and columns are lost."""

    def at(rows: int, columns: int) -> Plane:
        return shifted(roots, rows, columns, margin=2)

    own, left, right, up, down = at(0, 0), at(0, -1), at(0, 1), at(-1, 0), at(1, 0)
    bend_h = (own + own) - (at(0, -2) + at(0, 2))
    bend_v = (own + own) - (at(-2, 0) + at(2, 0))
    green_h = (left + right) * HALF + bend_h * QUARTER
    green_v = (up + down) * HALF + bend_v * QUARTER
    steep_h = np.abs(left - right) + np.abs(bend_h)
    steep_v = np.abs(up - down) + np.abs(bend_v)
    weight_v = steep_h * steep_h + LEAST_GRADIENT
    weight_h = steep_v * steep_v + LEAST_GRADIENT
    mean = (green_h * weight_h + green_v * weight_v) / (weight_h + weight_v)
    least = np.minimum(np.minimum(left, right), np.minimum(up, down))
    most = np.maximum(np.maximum(left, right), np.maximum(up, down))
    return np.maximum(np.minimum(mean, most), least)


def everywhere(difference: Plane, measured: NDArray[np.bool_]) -> Plane:
    """Return one colour's difference to green at every pixel; a row and a column are lost."""
    known = np.where(measured, difference, np.float32(0))

    def at(rows: int, columns: int) -> Plane:
        return shifted(known, rows, columns, margin=1)

    beside = (at(0, -1) + at(0, 1)) * HALF
    above = (at(-1, 0) + at(1, 0)) * HALF
    corners = ((at(-1, -1) + at(-1, 1)) + (at(1, -1) + at(1, 1))) * QUARTER
    is_beside = shifted(measured, 0, -1, margin=1) | shifted(measured, 0, 1, margin=1)
    is_above = shifted(measured, -1, 0, margin=1) | shifted(measured, 1, 0, margin=1)
    elsewhere = np.where(is_beside, beside, np.where(is_above, above, corners))
    return np.where(shifted(measured, 0, 0, margin=1), at(0, 0), elsewhere)


def median_of_nine(values: Plane) -> Plane:
    """Return the median of each pixel and its eight neighbours; a row and a column are lost."""
    around = [shifted(values, row, column, margin=1) for row in (-1, 0, 1) for column in (-1, 0, 1)]
    return np.asarray(np.sort(np.stack(around), axis=0)[4], dtype=np.float32)


def clipped(values: Plane) -> Plane:
    """Return values in 0 to 1; what is no number becomes 1."""
    below_one = np.where(values < 1, values, np.float32(1))
    return np.where(below_one > 0, below_one, np.float32(0))


def shifted(values: NDArray[Value], rows: int, columns: int, *, margin: int) -> NDArray[Value]:
    """Return the neighbour so many rows and columns away of each value that is not in the margin."""
    height, width = values.shape
    return values[margin + rows : height - margin + rows, margin + columns : width - margin + columns]
