"""Which pixels of a picture are kept, and where each comes from: turns, flips, fine rotation and crop."""

from __future__ import annotations

import math
from dataclasses import dataclass

from darkroomd.core.adjustments import Crop, Geometry

_SIGNIFICANT = 12
"""Decimals kept of a sine: the last bits differ between mathematical libraries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Affine:
    """A map of points: (x, y) goes to (xx * x + xy * y + x0, yx * x + yy * y + y0)."""

    xx: float
    xy: float
    x0: float
    yx: float
    yy: float
    y0: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point goes."""
        return self.xx * x + self.xy * y + self.x0, self.yx * x + self.yy * y + self.y0

    def after(self, first: Affine) -> Affine:
        """Return the map that does `first`, then this one."""
        x0, y0 = self.at(first.x0, first.y0)
        return Affine(
            xx=self.xx * first.xx + self.xy * first.yx,
            xy=self.xx * first.xy + self.xy * first.yy,
            x0=x0,
            yx=self.yx * first.xx + self.yy * first.yx,
            yy=self.yx * first.xy + self.yy * first.yy,
            y0=y0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """The part that is kept of a turned and rotated picture; in whole pixels, never empty.

    Attributes:
        left, top: of the part, in the turned picture.
        width, height: of the part.
        origin: from the centre of a pixel of the part to the place in the picture before all turns,
            where (0, 0) is the centre of the upper left pixel.
        misses: the crop lies beside the picture, and was left out.
    """

    left: int
    top: int
    width: int
    height: int
    origin: Affine
    misses: bool = False


def framed(geometry: Geometry, *, width: int, height: int) -> Framing:
    """Return what is kept of an upright picture of `width` by `height` pixels.

    Quarter turns, flips, fine rotation and crop follow each other in this order. A fine rotation turns
    about the centre and keeps the size, so that its corners are empty. Where no crop says what to keep,
    that is the largest part without empty corners that has the shape and the centre of the whole (of a
    picture so narrow that this is less than a pixel wide: one pixel, whatever it holds).
    """
    turned_width, turned_height = (height, width) if geometry.quarter_turns % 2 else (width, height)
    kept = None
    if geometry.crop is not None:
        kept = _cropped(geometry.crop, width=turned_width, height=turned_height)
    left, top, kept_width, kept_height = kept or _filled(
        geometry.rotation_degrees, width=turned_width, height=turned_height
    )
    shift = Affine(xx=1.0, xy=0.0, x0=float(left), yx=0.0, yy=1.0, y0=float(top))
    unrotated = _unrotated(geometry.rotation_degrees, width=turned_width, height=turned_height)
    unturned = _unturned(geometry, width=width, height=height)
    return Framing(
        left=left,
        top=top,
        width=kept_width,
        height=kept_height,
        origin=unturned.after(unrotated).after(shift),
        misses=geometry.crop is not None and kept is None,
    )


def _cropped(crop: Crop, *, width: int, height: int) -> tuple[int, int, int, int] | None:
    """Return left, top, width and height of the part that lies in the picture, if any does."""
    left, top = math.floor(crop.x + 0.5), math.floor(crop.y + 0.5)
    # Rounded by themselves: a crop of one size has one size wherever it lies.
    right = min(width, left + max(1, math.floor(crop.width + 0.5)))
    bottom = min(height, top + max(1, math.floor(crop.height + 0.5)))
    left, top = max(0, left), max(0, top)
    if right <= left or bottom <= top:
        return None
    return left, top, right - left, bottom - top


def _filled(degrees: float, *, width: int, height: int) -> tuple[int, int, int, int]:
    """Return the largest rectangle of the picture's shape and centre without an empty corner."""
    cosine, sine = _direction(abs(degrees))
    share = min(
        width / (width * cosine + height * sine),
        height / (width * sine + height * cosine),
    )
    kept_width, kept_height = _centred(width * share, whole=width), _centred(height * share, whole=height)
    return (width - kept_width) // 2, (height - kept_height) // 2, kept_width, kept_height


def _centred(length: float, *, whole: int) -> int:
    """Return whole pixels with as many beside them on both sides, where there is more than one."""
    kept = max(1, math.floor(length))
    return kept - (whole - kept) % 2 if kept > 1 else kept


def _direction(degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return round(math.cos(angle), _SIGNIFICANT), round(math.sin(angle), _SIGNIFICANT)


def _unrotated(degrees: float, *, width: int, height: int) -> Affine:
    """Return from where a clockwise rotation about the centre takes its pixels."""
    cosine, sine = _direction(degrees)
    x, y = (width - 1) / 2, (height - 1) / 2
    return Affine(
        xx=cosine,
        xy=sine,
        x0=x - cosine * x - sine * y,
        yx=-sine,
        yy=cosine,
        y0=y + sine * x - cosine * y,
    )


def _unturned(geometry: Geometry, *, width: int, height: int) -> Affine:
    """Return from where quarter turns and flips take their pixels."""
    right, bottom = float(width - 1), float(height - 1)
    match geometry.quarter_turns % 4:
        case 0:
            turns = Affine(xx=1.0, xy=0.0, x0=0.0, yx=0.0, yy=1.0, y0=0.0)
        case 1:
            turns = Affine(xx=0.0, xy=1.0, x0=0.0, yx=-1.0, yy=0.0, y0=bottom)
        case 2:
            turns = Affine(xx=-1.0, xy=0.0, x0=right, yx=0.0, yy=-1.0, y0=bottom)
        case _:
            turns = Affine(xx=0.0, xy=-1.0, x0=right, yx=1.0, yy=0.0, y0=0.0)
    if geometry.quarter_turns % 2:
        right, bottom = bottom, right
    flips = Affine(
        xx=-1.0 if geometry.flip_horizontal else 1.0,
        xy=0.0,
        x0=right if geometry.flip_horizontal else 0.0,
        yx=0.0,
        yy=-1.0 if geometry.flip_vertical else 1.0,
        y0=bottom if geometry.flip_vertical else 0.0,
    )
    return turns.after(flips)
