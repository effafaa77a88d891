"""Colour: what folds into a matrix on linear light, and what is done to hues, in OKLab.

OKLab is B. Ottosson's "A perceptual color space for image processing" (2020).
"""

from __future__ import annotations

import colorsys
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.core.adjustments import Band, Colour, Grading, ToneMapper, Wheel
from darkroomd.imaging import srgb
from darkroomd.imaging.look.white_balance import LUMINANCE

Values = NDArray[np.float64]

_SATURATION_REACH: Final = 0.7
_AGX_SATURATION: Final = 0.9

_VIBRANCE_REACH: Final = 0.8
_MOST_CHROMA: Final = 0.33
_SKIN_DEGREES: Final = 52.0
_SKIN_WIDTH: Final = 32.0
_SKIN_SHARE: Final = 0.6

BAND_DEGREES: Final = (29.2, 52.8, 109.8, 142.5, 194.8, 264.1, 293.8, 328.4)
"""Hue in OKLab of the middle of each band, reds first: sRGB's own red, orange, yellow, …, magenta."""

_BAND_TURN: Final = 30.0
_BAND_SATURATION_REACH: Final = 0.8
_BAND_LUMINANCE_REACH: Final = 0.18
_COLOURFUL: Final = 0.12

_TINT_REACH: Final = 0.14
_WHEEL_LUMINANCE_REACH: Final = 0.18
_BALANCE_REACH: Final = 0.2
_SHADOWS_END: Final = 0.42
_HIGHLIGHTS_BEGIN: Final = 0.74

_TO_CONES: Final = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB: Final = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_FROM_LAB: Final = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
_FROM_CONES: Final = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)

Rows = tuple[tuple[float, ...], ...]


def mix(colour: Colour, mapper: ToneMapper) -> Rows:
    """Return the matrix on linear sRGB: hue, then saturation. Grey stays as it is."""
    amount = colour.saturation / 100.0
    share = 1.0 + (amount if amount < 0.0 else amount * _SATURATION_REACH)
    if mapper is ToneMapper.AGX:
        share *= _AGX_SATURATION
    return _product(_saturation(share), _turn(math.radians(colour.hue)))


def _saturation(share: float) -> Rows:
    """Return the matrix that moves colours to (0) or away from (above 1) the grey of their luminance."""
    return tuple(
        tuple(
            weight * (1.0 - share) + (share if row == column else 0.0)
            for column, weight in enumerate(LUMINANCE)
        )
        for row in range(3)
    )


def _turn(angle: float) -> Rows:
    """Return the rotation about the grey axis (Rodrigues' formula): by 120 degrees red becomes green."""
    near, far = (1.0 - math.cos(angle)) / 3.0, math.sin(angle) / math.sqrt(3.0)
    same, after, before = math.cos(angle) + near, near - far, near + far
    return ((same, after, before), (before, same, after), (after, before, same))


def _product(first: Rows, second: Rows) -> Rows:
    columns = tuple(zip(*second, strict=True))
    return tuple(
        tuple(sum(a * b for a, b in zip(row, column, strict=True)) for column in columns) for row in first
    )


def changes_hues(colour: Colour) -> bool:
    """Whether `recoloured` would change anything."""
    grading = colour.grading
    wheels = () if grading is None else _wheels(grading)
    return bool(
        colour.vibrance
        or any(band != Band() for band in colour.bands)
        or any(wheel.saturation or wheel.luminance for wheel in wheels)
    )


def recoloured(shown: Values, colour: Colour) -> Values:
    """Return display values (…, 3), 0 to 1, after vibrance, bands of hue and grading, in this order."""
    lightness, a, b = _to_lab(shown)
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360.0
    chroma = chroma * _vibrance(colour.vibrance / 100.0, chroma, hue)
    if colour.bands:
        lightness, chroma, hue = _banded(colour.bands, lightness, chroma, hue)
    a, b = chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))
    if colour.grading is not None:
        lightness, a, b = _graded(colour.grading, lightness, a, b)
    return _from_lab(lightness, a, b)


def _vibrance(amount: float, chroma: Values, hue: Values) -> Values:
    """Return the factor on chroma: pale colours change most, and skin less than others where it rises."""
    pale = np.clip(1.0 - chroma / _MOST_CHROMA, 0.0, 1.0)
    away = np.abs((hue - _SKIN_DEGREES + 180.0) % 360.0 - 180.0) / _SKIN_WIDTH
    skin = 1.0 - _smooth(away)
    factor: Values = 1.0 + amount * _VIBRANCE_REACH * pale * (1.0 - _SKIN_SHARE * skin * (amount > 0.0))
    return factor


def _banded(
    bands: tuple[Band, ...], lightness: Values, chroma: Values, hue: Values
) -> tuple[Values, Values, Values]:
    turn, share, lift = np.zeros_like(hue), np.zeros_like(hue), np.zeros_like(hue)
    for number, band in enumerate(bands):
        weight = _band_weight(number, hue)
        turn += weight * band.hue / 100.0
        share += weight * band.saturation / 100.0
        lift += weight * band.luminance / 100.0
    colourful = _smooth(chroma / _COLOURFUL)
    return (
        lightness + lift * colourful * _BAND_LUMINANCE_REACH,
        chroma * (1.0 + np.where(share > 0.0, share * _BAND_SATURATION_REACH, share)),
        hue + turn * _BAND_TURN,
    )


def _band_weight(number: int, hue: Values) -> Values:
    """Return 1 in the middle of a band, 0 from the middle of either neighbour on; together they make 1."""
    middle = BAND_DEGREES[number]
    before = (middle - BAND_DEGREES[number - 1]) % 360.0
    after = (BAND_DEGREES[(number + 1) % len(BAND_DEGREES)] - middle) % 360.0
    away = (hue - middle + 180.0) % 360.0 - 180.0
    return 1.0 - _smooth(np.where(away < 0.0, -away / before, away / after))


def _graded(grading: Grading, lightness: Values, a: Values, b: Values) -> tuple[Values, Values, Values]:
    shift, reach = grading.balance / 100.0 * _BALANCE_REACH, 0.05 + 0.3 * grading.blending / 100.0
    low, high = _SHADOWS_END - shift, _HIGHLIGHTS_BEGIN - shift
    dark = 1.0 - _smooth((lightness - low + reach) / (2.0 * reach))
    bright = _smooth((lightness - high + reach) / (2.0 * reach))
    # Black and white are the paper and the ink: they take no tint.
    held = np.clip(1.0 - (2.0 * lightness - 1.0) ** 4, 0.0, 1.0)
    lift, add_a, add_b = np.zeros_like(a), np.zeros_like(a), np.zeros_like(a)
    zones = (dark, 1.0 - dark - bright, bright, np.ones_like(a))
    for wheel, zone in zip(_wheels(grading), zones, strict=True):
        direction, weight = _wheel_angle(wheel.hue_degrees), zone * held
        add_a += weight * (wheel.saturation / 100.0 * _TINT_REACH * math.cos(direction))
        add_b += weight * (wheel.saturation / 100.0 * _TINT_REACH * math.sin(direction))
        lift += weight * (wheel.luminance / 100.0 * _WHEEL_LUMINANCE_REACH)
    return lightness + lift, a + add_a, b + add_b


def _wheels(grading: Grading) -> tuple[Wheel, ...]:
    return grading.shadows, grading.midtones, grading.highlights, grading.overall


def _wheel_angle(hue_degrees: float) -> float:
    """Return the direction in OKLab of the full colour at a hue of HSV."""
    _, a, b = _to_lab(np.array(colorsys.hsv_to_rgb(hue_degrees / 360.0, 1.0, 1.0)))
    return math.atan2(float(b), float(a))


def _to_lab(shown: Values) -> tuple[Values, Values, Values]:
    cones = [np.cbrt(cone) for cone in _applied(_TO_CONES, srgb.to_linear(shown))]
    lightness, a, b = _applied(_TO_LAB, np.stack(cones, axis=-1))
    return lightness, a, b


def _from_lab(lightness: Values, a: Values, b: Values) -> Values:
    cones = [cone**3 for cone in _applied(_FROM_LAB, np.stack((lightness, a, b), axis=-1))]
    linear = np.stack(_applied(_FROM_CONES, np.stack(cones, axis=-1)), axis=-1)
    return srgb.to_encoded(np.clip(linear, 0.0, 1.0))


def _applied(rows: Rows, values: Values) -> list[Values]:
    # Sums in a fixed order: a matrix product would leave it to the machine.
    return [row[0] * values[..., 0] + row[1] * values[..., 1] + row[2] * values[..., 2] for row in rows]


def _smooth(ramp: Values) -> Values:
    t = np.clip(ramp, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
