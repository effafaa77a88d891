"""What a sidecar asks of a picture, as typed values: ranges are held, switched-off sections are left out.

Whoever changes a picture takes its part of `Adjustments`; `adjustment_reading` makes them of a sidecar.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final


class ToneMapper(Enum):
    """Which base curve brings linear light onto a display."""

    BASIC = "basic"
    AGX = "agx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """Brightness and contrast; `exposure` and `brightness` in EV, -5 to 5, the others -100 to 100."""

    exposure: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    highlights: float = 0.0
    shadows: float = 0.0
    whites: float = 0.0
    blacks: float = 0.0
    mapper: ToneMapper = ToneMapper.BASIC


@dataclass(frozen=True, slots=True, kw_only=True)
class WhiteBalance:
    """A light that is to look neutral.

    Attributes:
        temperature_kelvin: of the light, 2000 to 50000.
        tint: -150 to 150, positive makes the picture more magenta.
    """

    temperature_kelvin: float
    tint: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """White balance: `absolute` instead of the camera's, then the relative two, -100 to 100.

    A positive `temperature` makes the picture warmer, a positive `tint` more magenta.
    """

    temperature: float = 0.0
    tint: float = 0.0
    absolute: WhiteBalance | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Changes to one band of hue, each -100 to 100."""

    hue: float = 0.0
    saturation: float = 0.0
    luminance: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A tint: direction 0 to 360 degrees as HSV counts hues, strength 0 to 100, luminance -100 to 100."""

    hue_degrees: float = 0.0
    saturation: float = 0.0
    luminance: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Grading:
    """Tints by lightness; `overall` for all of it.

    Attributes:
        blending: how far the three reach into each other, 0 to 100.
        balance: -100 to 100, positive gives the highlights more room.
    """

    shadows: Wheel = field(default_factory=Wheel)
    midtones: Wheel = field(default_factory=Wheel)
    highlights: Wheel = field(default_factory=Wheel)
    overall: Wheel = field(default_factory=Wheel)
    blending: float = 50.0
    balance: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """Colourfulness and hues.

    Attributes:
        vibrance, saturation: -100 to 100.
        hue: rotation in degrees, -180 to 180.
        bands: of `adjustment_keys.BANDS` in that order, or empty where none is set.
        grading: None where nothing is tinted.
    """

    vibrance: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    bands: tuple[Band, ...] = ()
    grading: Grading | None = None


Curve = tuple[tuple[float, float], ...]
"""Two to sixteen points (x, y), each 0 to 255, x strictly rising; empty: nothing is changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Curves over display values: one for all channels, then one for each."""

    luma: Curve = ()
    red: Curve = ()
    green: Curve = ()
    blue: Curve = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lut:
    """A .cube file and how much of it counts, above 0 to 100.

    Attributes:
        path: as it was written: absolute, or relative to the folder of the RAW file.
    """

    path: str
    intensity: float = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """What compares neighbours; the first four -100 to 100, noise reduction 0 to 100, not all of them 0."""

    sharpness: float = 0.0
    clarity: float = 0.0
    structure: float = 0.0
    dehaze: float = 0.0
    luma_noise_reduction: float = 0.0
    color_noise_reduction: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A rectangle in pixels of the full-size upright picture, after turns, flips and fine rotation.

    It may reach beyond the picture; `width` and `height` are above 0, every number within ±1e9.
    """

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """How the upright picture is turned and cut, in this order; something of it is set.

    Attributes:
        quarter_turns: clockwise, 0 to 3.
        rotation_degrees: fine rotation, clockwise, -45 to 45.
    """

    quarter_turns: int = 0
    flip_horizontal: bool = False
    flip_vertical: bool = False
    rotation_degrees: float = 0.0
    crop: Crop | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Vignette and grain; one amount at least is not 0.

    Attributes:
        vignette_amount: -100 (dark corners) to 100 (bright ones).
        vignette_midpoint, vignette_feather: 0 to 100.
        vignette_roundness: -100 to 100.
        grain_amount, grain_size, grain_roughness: 0 to 100.
    """

    vignette_amount: float = 0.0
    vignette_midpoint: float = 50.0
    vignette_roundness: float = 0.0
    vignette_feather: float = 50.0
    grain_amount: float = 0.0
    grain_size: float = 25.0
    grain_roughness: float = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustments:
    """All that is honoured; made without arguments it is our neutral look."""

    tone: Tone = field(default_factory=Tone)
    balance: Balance = field(default_factory=Balance)
    colour: Colour = field(default_factory=Colour)
    curves: Curves = field(default_factory=Curves)
    lut: Lut | None = None
    local: Local | None = None
    geometry: Geometry | None = None
    effects: Effects | None = None


NEUTRAL: Final = Adjustments()
"""Nothing is set."""
