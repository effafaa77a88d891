"""Tone: from linear light to display values. Every step rises, so that no two tones ever change places.

`docs/look.md` has the formulas beside pictures of what they do.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.core.adjustments import Curve, Tone, ToneMapper
from darkroomd.imaging import srgb
from darkroomd.imaging.look import curves

Values = NDArray[np.float64]

BASE_CURVE: Final[Curve] = ((0, 0), (26, 20), (64, 64), (128, 146), (191, 210), (230, 241), (255, 255))
"""The neutral look, over encoded sRGB: what cameras do with mid-tones and shadows, done with less force."""

MIDDLE_GREY: Final = 0.18
"""Linear light of a card that looks half as bright as white."""

# The curve of `agx` is that of K. I. Naka and W. A. H. Rushton (1966): how steep it is, and how bright a
# display shows middle grey; the second decides where its half-way point is.
_AGX_STEEPNESS: Final = 0.95
_AGX_GREY: Final = 0.48

_CONTRAST_PIVOT: Final = 0.46
_CONTRAST_OCTAVES: Final = 0.8
_BUMP_REACH: Final = 0.14
_WHITES_REACH: Final = 0.15
_BLACKS_REACH: Final = 0.10


def display(linear: Values, tone: Tone) -> Values:
    """Return display values, 0 to 1, of linear light, 0 to 1, without `exposure`, which is a gain.

    Black stays black and white stays white, save with `blacks` and `whites`, which move them.
    """
    shown = _base(_brightened(linear, tone.brightness), tone.mapper)
    shown = _contrasted(shown, tone.contrast / 100.0)
    shown = shown + tone.highlights / 100.0 * _BUMP_REACH * _bump(shown)
    shown = shown + tone.shadows / 100.0 * _BUMP_REACH * _bump(1.0 - shown)
    # A product by zero and a sum with it change no bit of a number, so what is not set needs no question.
    shown = np.minimum(shown + tone.whites / 100.0 * _WHITES_REACH * shown**4, 1.0)
    return np.maximum(shown + tone.blacks / 100.0 * _BLACKS_REACH * (1.0 - shown) ** 4, 0.0)


def _brightened(linear: Values, stops: float) -> Values:
    """Gain of `stops` EV in the dark that rolls off towards white: k x / (1 + (k - 1) x)."""
    factor = 2.0**stops
    brightened: Values = factor * linear / (1.0 + (factor - 1.0) * linear)
    return brightened


def _base(linear: Values, mapper: ToneMapper) -> Values:
    if mapper is ToneMapper.BASIC:
        return curves.follow(BASE_CURVE, srgb.to_encoded(linear))
    grey = MIDDLE_GREY**_AGX_STEEPNESS
    half = grey * (1.0 - _AGX_GREY) / (_AGX_GREY - grey)
    bent = linear**_AGX_STEEPNESS
    shown: Values = bent * (1.0 + half) / (bent + half)
    return shown


def _contrasted(shown: Values, amount: float) -> Values:
    """Steepen the odds around a pivot: black, pivot and white stay where they are."""
    if amount == 0.0:
        return shown
    steepness = 2.0 ** (amount * _CONTRAST_OCTAVES)
    # The odds of u against 1 - u, in units of the pivot's; multiplied out, so that 0 and 1 are no poles.
    light = (shown * (1.0 - _CONTRAST_PIVOT)) ** steepness
    dark = ((1.0 - shown) * _CONTRAST_PIVOT) ** steepness
    scale = _CONTRAST_PIVOT / (1.0 - _CONTRAST_PIVOT)
    contrasted: Values = light * scale / (light * scale + dark)
    return contrasted


def _bump(shown: Values) -> Values:
    """Rise from 0 at black to 1 at two thirds and fall to 0 at white; its slope is never below -6.75."""
    return 6.75 * shown * shown * (1.0 - shown)
