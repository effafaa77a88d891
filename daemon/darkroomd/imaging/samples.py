"""Sample pictures: a colour chart, a gradient and a rotated frame, as DNGs with EXIF.

`python -m darkroomd.imaging.samples DIR` writes all three into DIR and prints their paths.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.imaging.dng import Facts, Sensor, write_dng
from darkroomd.imaging.srgb import to_linear

_WIDTH: Final = 600
_HEIGHT: Final = 400

CHART: Final = (
    (196, 92, 84), (214, 146, 62), (222, 198, 66), (112, 168, 82), (70, 152, 160), (66, 96, 170),
    (134, 90, 160), (190, 84, 134), (110, 78, 60), (206, 160, 132), (94, 110, 76), (118, 134, 170),
    (232, 232, 228), (186, 186, 186), (144, 144, 144), (104, 104, 104), (68, 68, 68), (36, 36, 36),
)  # fmt: skip
"""Patches of the colour chart in sRGB, 0 to 255: six a row, hues first, greys last."""

_COLUMNS: Final = 6
_PAPER: Final = (24, 24, 26)

# How Exif's orientations store a picture; where several apply, transposition comes first.
_TRANSPOSED: Final = (5, 6, 7, 8)
_ROWS_REVERSED: Final = (3, 4, 6, 7)
_COLUMNS_REVERSED: Final = (2, 3, 7, 8)

_TAKEN_AT: Final = datetime(2024, 5, 4, 10, 30, 15, 250_000, tzinfo=timezone(timedelta(hours=2)))


def colour_chart(*, width: int = _WIDTH, height: int = _HEIGHT) -> NDArray[np.float64]:
    """Return the patches of `CHART` on dark paper: (height, width, 3), linear sRGB, 0 to 1."""
    encoded = np.empty((height, width, 3))
    encoded[:] = _PAPER
    rows = len(CHART) // _COLUMNS
    for number, colour in enumerate(CHART):
        row, column = divmod(number, _COLUMNS)
        top, bottom = _inner(row, of=rows, length=height)
        left, right = _inner(column, of=_COLUMNS, length=width)
        encoded[top:bottom, left:right] = colour
    return to_linear(encoded / 255)


def gradient(*, width: int = _WIDTH, height: int = _HEIGHT) -> NDArray[np.float64]:
    """Return hues from left to right, from black at the top to white at the bottom.

    (height, width, 3), linear sRGB, 0 to 1.
    """
    hue = np.linspace(0.0, 6.0, width, endpoint=False)[None, :, None]
    pure = np.clip(np.abs((hue + np.array([0.0, 4.0, 2.0])) % 6.0 - 3.0) - 1.0, 0.0, 1.0)
    down = np.linspace(0.0, 2.0, height)[:, None, None]
    dark, light = np.minimum(down, 1.0), np.maximum(down - 1.0, 0.0)
    return to_linear((pure * (1.0 - light) + light) * dark)


def corner_mark(*, width: int = _WIDTH, height: int = _HEIGHT) -> NDArray[np.float64]:
    """Return a grey frame, darker downwards, with a red square in the top left corner as it is seen.

    (height, width, 3), linear sRGB, 0 to 1.
    """
    encoded = np.empty((height, width, 3))
    encoded[:] = np.linspace(0.75, 0.35, height)[:, None, None]
    side = min(width, height) // 4
    encoded[:side, :side] = (0.80, 0.12, 0.10)
    return to_linear(encoded)


def as_stored(seen: NDArray[np.float64], *, orientation: int) -> NDArray[np.float64]:
    """Return how a camera stores a picture that Exif's `orientation` (1 to 8) puts upright again."""
    stored = np.swapaxes(seen, 0, 1) if orientation in _TRANSPOSED else seen
    stored = stored[::-1] if orientation in _ROWS_REVERSED else stored
    return stored[:, ::-1] if orientation in _COLUMNS_REVERSED else stored


def write_samples(folder: Path) -> tuple[Path, ...]:
    """Write the three samples into `folder`, which must exist, and return their paths."""
    sensor = Sensor()
    facts = Facts(taken_at=_TAKEN_AT, artist="Darkroom", position=(52.5163, 13.3777))
    later = replace(facts, taken_at=_TAKEN_AT + timedelta(seconds=40), exposure_seconds=Fraction(1, 60))
    turned = replace(facts, taken_at=_TAKEN_AT + timedelta(seconds=95), orientation=6)
    chart, fade, rotated = (folder / name for name in ("chart.dng", "gradient.dng", "rotated.dng"))
    write_dng(chart, sensor.expose(colour_chart()), sensor=sensor, facts=facts)
    write_dng(fade, sensor.expose(gradient()), sensor=sensor, facts=later)
    upright = corner_mark(width=_HEIGHT, height=_WIDTH)
    write_dng(rotated, sensor.expose(as_stored(upright, orientation=6)), sensor=sensor, facts=turned)
    return chart, fade, rotated


def main() -> None:
    """Write the samples into the folder named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m darkroomd.imaging.samples", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for path in write_samples(folder):
        sys.stdout.write(f"{path}\n")


def _inner(number: int, *, of: int, length: int) -> tuple[int, int]:
    """Return where the inner part of cell `number` begins and ends, a tenth being left on each side."""
    cell = length / of
    return round((number + 0.1) * cell), round((number + 0.9) * cell)


if __name__ == "__main__":
    main()
