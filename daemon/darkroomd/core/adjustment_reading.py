"""From a sidecar's `adjustments` to typed values, and to the list of what is set and not honoured."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from darkroomd.core.adjustment_keys import BANDS, CURVES, HANDED_ON, WHEELS, set_keys
from darkroomd.core.adjustments import (
    Adjustments,
    Balance,
    Band,
    Colour,
    Crop,
    Curve,
    Curves,
    Effects,
    Geometry,
    Grading,
    Local,
    Lut,
    Tone,
    ToneMapper,
    Wheel,
    WhiteBalance,
)
from darkroomd.core.json_values import Json, JsonObject, as_list, as_object, as_text, as_whole

Asked = TypeVar("Asked")

MOST_POINTS: Final = 16
"""Of one curve."""

LONGEST_PATH: Final = 4096
"""Of a .cube file, in characters."""

FARTHEST: Final = 1e9
"""Of a crop, in pixels."""

MOST_TOLD: Final = 100
"""Keys that are told to be set in vain: they are kept and sent with their photo wherever it goes."""

LONGEST_TOLD: Final = 100
"""Of such a key, in characters."""

_DIAGONAL: Final = ((0.0, 0.0), (255.0, 255.0))


@dataclass(frozen=True, slots=True)
class Reading:
    """Adjustments as understood.

    Attributes:
        adjustments: with every number within its range.
        unsupported: keys that are set and change nothing, sorted: what is not honoured, and what is not of
            the kind that its key asks for. Of more than `MOST_TOLD` how many more there are comes last.
    """

    adjustments: Adjustments
    unsupported: tuple[str, ...]


def read_adjustments(document: Mapping[str, Json]) -> Reading:
    """Return what a sidecar's `adjustments` ask for; nothing in them is too strange to be read."""
    asked = _Asked({key: document[key] for key in set_keys(document)})
    number, take = asked.number, asked.take
    adjustments = Adjustments(
        tone=Tone(
            exposure=number("exposure", 5.0),
            brightness=number("brightness", 5.0),
            contrast=number("contrast"),
            highlights=number("highlights"),
            shadows=number("shadows"),
            whites=number("whites"),
            blacks=number("blacks"),
            mapper=take("toneMapper", _mapper, ToneMapper.BASIC),
        ),
        balance=Balance(
            temperature=number("temperature"),
            tint=number("tint"),
            absolute=take("whiteBalance", _white_balance, None),
        ),
        colour=Colour(
            vibrance=number("vibrance"),
            saturation=number("saturation"),
            hue=number("hue", 180.0),
            bands=take("hsl", _bands, ()),
            grading=take("colorGrading", _grading, None),
        ),
        curves=take("curves", _curves, Curves()),
        lut=_lut(asked),
        local=_local(asked),
        geometry=_geometry(asked),
        effects=_effects(asked),
    )
    return Reading(adjustments, _told({*asked.values, *asked.odd}))


def unsupported(document: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the keys of a sidecar's `adjustments` that are set and not honoured, sorted."""
    return read_adjustments(document).unsupported


def _told(keys: Collection[str]) -> tuple[str, ...]:
    # What a picture could show is missed first.
    first = sorted(keys, key=lambda key: (key not in HANDED_ON, key))[:MOST_TOLD]
    names = sorted({key[:LONGEST_TOLD] for key in first})
    rest = len(keys) - len(first)
    return (*names, f"{rest} more") if rest else tuple(names)


class _NotUnderstood(Exception):
    """A value is not of the kind that its key asks for."""


@dataclass(slots=True)
class _Asked:
    """Keys that nobody took yet, and those whose values were not understood."""

    values: JsonObject
    odd: set[str] = field(default_factory=set[str])

    def take(self, key: str, read: Callable[[Json], Asked], default: Asked) -> Asked:
        """Read a key, which is honoured thereby."""
        if key not in self.values:
            return default
        try:
            return read(self.values.pop(key))
        except _NotUnderstood:
            self.odd.add(key)
            return default

    def number(
        self, key: str, most: float = 100.0, *, least: float | None = None, default: float = 0.0
    ) -> float:
        """Read a number, held within `least` (or -`most`) and `most`."""
        low = -most if least is None else least
        return self.take(key, lambda value: _within(_number(value), low=low, high=most), default)


def _number(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _NotUnderstood
    return float(value)


def _within(number: float, *, low: float, high: float) -> float:
    return min(max(number, low), high)


def _fields(value: Json, known: tuple[str, ...]) -> JsonObject:
    """Return an object that has no other fields than the known ones, save empty ones."""
    fields = as_object(value)
    if fields is None or any(fields[key] for key in fields if key not in known):
        raise _NotUnderstood
    return {key: each for key, each in fields.items() if each is not None}


def _field(
    fields: JsonObject, key: str, default: float = 0.0, *, low: float = -100.0, high: float = 100.0
) -> float:
    return _within(_number(fields.get(key, default)), low=low, high=high)


def _mapper(value: Json) -> ToneMapper:
    try:
        return ToneMapper(value)
    except ValueError as error:
        raise _NotUnderstood from error


def _white_balance(value: Json) -> WhiteBalance:
    fields = _fields(value, ("temperature", "tint"))
    if "temperature" not in fields:
        raise _NotUnderstood
    return WhiteBalance(
        temperature_kelvin=_field(fields, "temperature", low=2000.0, high=50000.0),
        tint=_field(fields, "tint", low=-150.0, high=150.0),
    )


def _bands(value: Json) -> tuple[Band, ...]:
    bands = _fields(value, BANDS)
    return tuple(_band(bands.get(name, {})) for name in BANDS)


def _band(value: Json) -> Band:
    fields = _fields(value, ("hue", "saturation", "luminance"))
    return Band(**{key: _field(fields, key) for key in fields})


def _grading(value: Json) -> Grading:
    fields = _fields(value, (*WHEELS, "blending", "balance"))
    shadows, midtones, highlights, overall = (_wheel(fields.get(name, {})) for name in WHEELS)
    return Grading(
        shadows=shadows,
        midtones=midtones,
        highlights=highlights,
        overall=overall,
        blending=_field(fields, "blending", 50.0, low=0.0),
        balance=_field(fields, "balance"),
    )


def _wheel(value: Json) -> Wheel:
    fields = _fields(value, ("hue", "saturation", "luminance"))
    return Wheel(
        hue_degrees=_number(fields.get("hue", 0.0)) % 360.0,
        saturation=_field(fields, "saturation", low=0.0),
        luminance=_field(fields, "luminance"),
    )


def _curves(value: Json) -> Curves:
    named = _fields(value, CURVES)
    return Curves(**{name: _curve(points) for name, points in named.items()})


def _curve(value: Json) -> Curve:
    points = as_list(value)
    if points is None or len(points) > MOST_POINTS:
        raise _NotUnderstood
    # Of points above each other the last one counts.
    heights = dict(_point(point) for point in points)
    if len(heights) == 1:
        raise _NotUnderstood
    curve = tuple(sorted(heights.items()))
    return () if all(x == y for x, y in curve) and curve[:1] + curve[-1:] == _DIAGONAL else curve


def _point(value: Json) -> tuple[float, float]:
    fields = _fields(value, ("x", "y"))
    if len(fields) < len(("x", "y")):
        raise _NotUnderstood
    return _field(fields, "x", low=0.0, high=255.0), _field(fields, "y", low=0.0, high=255.0)


def _lut(asked: _Asked) -> Lut | None:
    intensity = asked.number("lutIntensity", least=0.0, default=100.0)
    path = asked.take("lutPath", _path, "")
    return Lut(path=path, intensity=intensity) if path and intensity else None


def _path(value: Json) -> str:
    path = as_text(value)
    if path is None or "\0" in path or len(path) > LONGEST_PATH:
        raise _NotUnderstood
    return path


def _local(asked: _Asked) -> Local | None:
    local = Local(
        sharpness=asked.number("sharpness"),
        clarity=asked.number("clarity"),
        structure=asked.number("structure"),
        dehaze=asked.number("dehaze"),
        luma_noise_reduction=asked.number("lumaNoiseReduction", least=0.0),
        color_noise_reduction=asked.number("colorNoiseReduction", least=0.0),
    )
    return None if local == Local() else local


def _geometry(asked: _Asked) -> Geometry | None:
    geometry = Geometry(
        quarter_turns=asked.take("orientationSteps", _turns, 0),
        flip_horizontal=asked.take("flipHorizontal", _flag, default=False),
        flip_vertical=asked.take("flipVertical", _flag, default=False),
        rotation_degrees=asked.number("rotation", 45.0),
        crop=asked.take("crop", _crop, None),
    )
    return None if geometry == Geometry() else geometry


def _turns(value: Json) -> int:
    steps = as_whole(value)
    if steps is None:
        raise _NotUnderstood
    return steps % 4


def _flag(value: Json) -> bool:
    if not isinstance(value, bool):
        raise _NotUnderstood
    return value


def _crop(value: Json) -> Crop:
    fields = _fields(value, ("x", "y", "width", "height", "unit"))
    if fields.get("unit", "px") != "px":
        raise _NotUnderstood
    x, y, width, height = (
        _field(fields, key, low=-FARTHEST, high=FARTHEST) for key in ("x", "y", "width", "height")
    )
    if width <= 0.0 or height <= 0.0:
        raise _NotUnderstood
    return Crop(x=x, y=y, width=width, height=height)


def _effects(asked: _Asked) -> Effects | None:
    effects = Effects(
        vignette_amount=asked.number("vignetteAmount"),
        vignette_midpoint=asked.number("vignetteMidpoint", least=0.0, default=50.0),
        vignette_roundness=asked.number("vignetteRoundness"),
        vignette_feather=asked.number("vignetteFeather", least=0.0, default=50.0),
        grain_amount=asked.number("grainAmount", least=0.0),
        grain_size=asked.number("grainSize", least=0.0, default=25.0),
        grain_roughness=asked.number("grainRoughness", least=0.0, default=50.0),
    )
    return effects if effects.vignette_amount or effects.grain_amount else None
