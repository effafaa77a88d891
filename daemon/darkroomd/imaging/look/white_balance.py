"""White balance: what light is to look neutral, as factors on the camera's balanced channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from darkroomd.core.adjustments import Balance, WhiteBalance

Triple = tuple[float, float, float]

LUMINANCE: Final[Triple] = (0.2126, 0.7152, 0.0722)
"""Share of linear sRGB's red, green and blue in luminance: ITU-R BT.709."""

# At 100, in octaves: how far apart temperature draws red and blue from green, and tint green from both.
_TEMPERATURE_REACH: Final = 0.45
_TINT_REACH: Final = 0.35

# Distance from the locus in CIE 1960 (u, v) that one step of tint stands for, as Adobe's DNG SDK counts it.
_TINT_STEP: Final = 1 / 3000

# Kelvin: below the first the light is a black body, above the second it is daylight, between them a bit of
# both.
_GLOWING_UP_TO: Final = 3500.0
_DAYLIGHT_FROM: Final = 5000.0
_DAYLIGHT_KNEE: Final = 7000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraColour:
    """What a camera's colours are measured by.

    Attributes:
        from_xyz: rows of red, green and blue; CIE XYZ to the sensor's values, in any one scale.
        multipliers: of the white balance as shot, red, green and blue, in any one scale.
    """

    from_xyz: tuple[Triple, Triple, Triple]
    multipliers: Triple


def gains(balance: Balance, camera: CameraColour | None) -> Triple:
    """Return factors on balanced red, green and blue that keep the luminance of grey.

    Without a camera's colours, or where they make no sense of a light, the absolute balance changes nothing.
    """
    factors = (1.0, 1.0, 1.0)
    if balance.absolute is not None and camera is not None:
        factors = absolute_gains(balance.absolute, camera) or factors
    warmer, redder = balance.temperature / 100.0 * _TEMPERATURE_REACH, balance.tint / 100.0 * _TINT_REACH
    if warmer or redder:
        steps = (warmer + redder / 2.0, -redder / 2.0, redder / 2.0 - warmer)
        factors = _scaled(_times(factors, _octaves(steps)))
    return factors


def absolute_gains(light: WhiteBalance, camera: CameraColour) -> Triple | None:
    """Return the factors that make `light` neutral in place of what the camera took to be so.

    None: the camera's numbers leave no response to that light.
    """
    white = _xyz(*chromaticity(light))
    seen = tuple(sum(a * b for a, b in zip(row, white, strict=True)) for row in camera.from_xyz)
    if min(*seen, *camera.multipliers) <= 0.0:
        return None
    red, green, blue = (1.0 / (s * m) for s, m in zip(seen, camera.multipliers, strict=True))
    return _scaled((red, green, blue))


def chromaticity(light: WhiteBalance) -> tuple[float, float]:
    """Return CIE 1931 (x, y) of a light: on the Planckian or daylight locus, then off it by its tint.

    A positive tint is a greener light, by which the picture becomes more magenta.
    """
    kelvin = light.temperature_kelvin
    u, v = _locus(kelvin)
    # The locus runs from blue to red as the light gets colder; across it lies green, to the left.
    (u_colder, v_colder), (u_hotter, v_hotter) = _locus(kelvin * 0.999), _locus(kelvin * 1.001)
    along_u, along_v = u_colder - u_hotter, v_colder - v_hotter
    length = (along_u * along_u + along_v * along_v) ** 0.5
    off = light.tint * _TINT_STEP / length
    return _to_xy(u - along_v * off, v + along_u * off)


def _locus(kelvin: float) -> tuple[float, float]:
    if kelvin <= _GLOWING_UP_TO:
        return _planckian(kelvin)
    daylight = _to_uv(*_daylight(kelvin))
    if kelvin >= _DAYLIGHT_FROM:
        return daylight
    share = (1 / _GLOWING_UP_TO - 1 / kelvin) / (1 / _GLOWING_UP_TO - 1 / _DAYLIGHT_FROM)
    glow = _planckian(kelvin)
    return glow[0] + (daylight[0] - glow[0]) * share, glow[1] + (daylight[1] - glow[1]) * share


def _planckian(kelvin: float) -> tuple[float, float]:
    """Return (u, v) of a black body: M. Krystek, Color Research & Application 10 (1985), 38-40."""
    square = kelvin * kelvin
    u = (0.860117757 + 1.54118254e-4 * kelvin + 1.28641212e-7 * square) / (
        1.0 + 8.42420235e-4 * kelvin + 7.08145163e-7 * square
    )
    v = (0.317398726 + 4.22806245e-5 * kelvin + 4.20481691e-8 * square) / (
        1.0 - 2.89741816e-5 * kelvin + 1.61456053e-7 * square
    )
    return u, v


def _daylight(kelvin: float) -> tuple[float, float]:
    """Return (x, y) of a phase of daylight: CIE 15:2004, 3.1; beyond 25000 K by the same formula."""
    t = 1000.0 / kelvin
    if kelvin <= _DAYLIGHT_KNEE:
        x = 0.244063 + (0.09911 + (2.9678 - 4.6070 * t) * t) * t
    else:
        x = 0.237040 + (0.24748 + (1.9018 - 2.0064 * t) * t) * t
    return x, -3.0 * x * x + 2.870 * x - 0.275


def _to_uv(x: float, y: float) -> tuple[float, float]:
    below = -2.0 * x + 12.0 * y + 3.0
    return 4.0 * x / below, 6.0 * y / below


def _to_xy(u: float, v: float) -> tuple[float, float]:
    below = 2.0 * u - 8.0 * v + 4.0
    return 3.0 * u / below, 2.0 * v / below


def _xyz(x: float, y: float) -> Triple:
    return x / y, 1.0, (1.0 - x - y) / y


def _octaves(steps: Triple) -> Triple:
    red, green, blue = steps
    return 2.0**red, 2.0**green, 2.0**blue


def _times(one: Triple, other: Triple) -> Triple:
    return one[0] * other[0], one[1] * other[1], one[2] * other[2]


def _scaled(factors: Triple) -> Triple:
    luminance = sum(share * factor for share, factor in zip(LUMINANCE, factors, strict=True))
    red, green, blue = (factor / luminance for factor in factors)
    return red, green, blue
