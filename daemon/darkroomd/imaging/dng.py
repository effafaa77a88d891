"""Write small, correct DNG files: uncompressed 16-bit mosaics or linear pictures, with EXIF.

Layout and tags follow TIFF 6.0, Exif 2.32 and Adobe's DNG specification 1.4. Equal arguments give
equal bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from darkroomd.imaging.srgb import TO_XYZ

Pattern: TypeAlias = Literal["RGGB", "BGGR", "GRBG", "GBRG"]
"""The colours of a mosaic's 2 by 2 cell: first row, then second."""

Picture: TypeAlias = NDArray[np.floating]
"""(height, width, 3), linear camera RGB, 0 (black) to 1 (saturated) with the white balance not applied."""

Matrix: TypeAlias = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

_HEADER: Final = struct.Struct("<2sHI")
_ENTRY: Final = struct.Struct("<HHI4s")
_VALUE_BYTES: Final = 4
_PIXELS_AT: Final = 4096
"""Where the image data starts; the tags stand before it, so that a shortened file loses pixels only."""

_D65: Final = 21
"""Exif's number for the standard illuminant D65."""

_CFA: Final = 32803
_LINEAR_RAW: Final = 34892
_COLOURS: Final = "RGB"


class Layout(Enum):
    """How the pixels stand in the file."""

    MOSAIC = "mosaic"
    LINEAR = "linear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """What a decoder has to know of the sensor.

    Attributes:
        pattern: of the mosaic; without meaning for a linear picture.
        black: value of no light.
        white: value of saturation.
        from_srgb: matrix from linear sRGB to camera RGB. Its row sums are what the camera makes of
            white, and become the white balance.
    """

    pattern: Pattern = "RGGB"
    black: int = 512
    white: int = 16383
    from_srgb: Matrix = ((0.42, 0.16, 0.02), (0.14, 0.74, 0.12), (0.02, 0.18, 0.52))

    @property
    def neutral(self) -> NDArray[np.float64]:
        """The camera RGB of a white surface, its largest value being 1."""
        white = np.asarray(self.from_srgb).sum(axis=1)
        return np.asarray(white / white.max(), dtype=np.float64)

    def expose(self, picture: Picture) -> NDArray[np.float64]:
        """Return what this sensor makes of a scene: linear sRGB in, camera RGB out, both 0 to 1."""
        matrix = np.asarray(self.from_srgb)
        camera = np.asarray(picture, dtype=np.float64) @ (matrix / matrix.sum(axis=1).max()).T
        return np.asarray(np.clip(camera, 0.0, 1.0), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the camera says about the shot.

    Attributes:
        taken_at: the camera's clock. Microseconds are written as sub-seconds unless zero; the offset
            from UTC is written where the time has one. None: no date at all.
        orientation: as in Exif, 1 to 8.
        exposure_seconds: None leaves all exposure tags out.
        position: latitude and longitude in degrees, north and east being positive.
    """

    make: str = "Darkroom"
    model: str = "Test Camera"
    lens: str | None = "Darkroom 50mm F1.8"
    taken_at: datetime | None = datetime(2024, 5, 4, 10, 30, 15)  # noqa: DTZ001 - cameras have no zone
    orientation: int = 1
    exposure_seconds: Fraction | None = Fraction(1, 125)
    f_number: Fraction = Fraction(28, 10)
    iso: int = 200
    focal_length_mm: Fraction = Fraction(50)
    artist: str | None = None
    copyright: str | None = None
    position: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class _Field:
    """One TIFF field: its tag, type and values as bytes."""

    tag: int
    kind: int
    count: int
    payload: bytes


@dataclass(slots=True)
class _Block:
    """The part of the file that holds tags: folders one after another, each followed by its values."""

    at: int
    content: bytearray = field(default_factory=bytearray)

    def add(self, fields: Sequence[_Field]) -> int:
        """Append a folder and return its place in the file."""
        place = self.at + len(self.content)
        values_at = place + 2 + len(fields) * _ENTRY.size + 4
        entries = bytearray(struct.pack("<H", len(fields)))
        values = bytearray()
        for one in sorted(fields, key=lambda one: one.tag):
            value = one.payload
            if len(value) > _VALUE_BYTES:
                value = struct.pack("<I", values_at + len(values))
                values += one.payload + b"\0" * (len(one.payload) % 2)
            entries += _ENTRY.pack(one.tag, one.kind, one.count, value.ljust(_VALUE_BYTES, b"\0"))
        self.content += entries + struct.pack("<I", 0) + values
        return place


def _bytes(tag: int, values: bytes, *, kind: int = 1) -> _Field:
    return _Field(tag, kind, len(values), values)


def _text(tag: int, text: str) -> _Field:
    return _bytes(tag, text.encode("utf-8") + b"\0", kind=2)


def _short(tag: int, *values: int) -> _Field:
    return _Field(tag, 3, len(values), struct.pack(f"<{len(values)}H", *values))


def _long(tag: int, *values: int) -> _Field:
    return _Field(tag, 4, len(values), struct.pack(f"<{len(values)}I", *values))


def _rational(tag: int, *values: float | Fraction) -> _Field:
    return _Field(tag, 5, len(values), _fractions(values))


def _signed(tag: int, *values: float | Fraction) -> _Field:
    return _Field(tag, 10, len(values), _fractions(values))


def _fractions(values: Sequence[float | Fraction]) -> bytes:
    parts = (Fraction(value).limit_denominator(1_000_000) for value in values)
    return b"".join(struct.pack("<i", part.numerator) + struct.pack("<i", part.denominator) for part in parts)


def dng_bytes(
    picture: Picture,
    *,
    layout: Layout = Layout.MOSAIC,
    sensor: Sensor | None = None,
    facts: Facts | None = None,
) -> bytes:
    """Return a DNG of `picture`, which is clipped to 0 to 1.

    Raises:
        ValueError: the picture is not (height, width, 3).
    """
    if picture.ndim != len(_COLOURS) or picture.shape[2] != len(_COLOURS):
        raise ValueError(f"A picture is (height, width, 3), not {picture.shape}.")
    sensor, facts = sensor or Sensor(), facts or Facts()
    pixels = _pixels(picture, layout=layout, sensor=sensor)
    block = _Block(_HEADER.size)
    exif_at = block.add(_exif_fields(facts))
    gps_at = block.add(_gps_fields(facts.position)) if facts.position else None
    fields = [
        *_image_fields(pixels, layout=layout, sensor=sensor),
        *_camera_fields(facts),
        _long(34665, exif_at),
        *([_long(34853, gps_at)] if gps_at else []),
    ]
    first = block.add(fields)
    head = _HEADER.pack(b"II", 42, first) + block.content
    return head.ljust(_PIXELS_AT, b"\0") + pixels.tobytes()


def write_dng(
    path: Path,
    picture: Picture,
    *,
    layout: Layout = Layout.MOSAIC,
    sensor: Sensor | None = None,
    facts: Facts | None = None,
) -> None:
    """Write a DNG of `picture` (see `dng_bytes`) to `path`, replacing what is there."""
    path.write_bytes(dng_bytes(picture, layout=layout, sensor=sensor, facts=facts))


def _pixels(picture: Picture, *, layout: Layout, sensor: Sensor) -> NDArray[np.uint16]:
    """Return sensor values, (height, width) for a mosaic and (height, width, 3) for a linear picture."""
    span = sensor.white - sensor.black
    values = np.rint(np.clip(picture, 0.0, 1.0) * span + sensor.black).astype("<u2")
    if layout is Layout.LINEAR:
        return values
    mosaic = np.empty(values.shape[:2], dtype="<u2")
    for place, colour in enumerate(sensor.pattern):
        row, column = divmod(place, 2)
        mosaic[row::2, column::2] = values[row::2, column::2, _COLOURS.index(colour)]
    return mosaic


def _image_fields(pixels: NDArray[np.uint16], *, layout: Layout, sensor: Sensor) -> list[_Field]:
    height, width = pixels.shape[:2]
    samples = len(_COLOURS) if layout is Layout.LINEAR else 1
    fields = [
        _long(254, 0),  # NewSubfileType: the full picture
        _long(256, width),
        _long(257, height),
        _short(258, *[16] * samples),  # BitsPerSample
        _short(259, 1),  # Compression: none
        _short(262, _LINEAR_RAW if layout is Layout.LINEAR else _CFA),  # PhotometricInterpretation
        _long(273, _PIXELS_AT),  # StripOffsets
        _short(277, samples),
        _long(278, height),  # RowsPerStrip
        _long(279, pixels.nbytes),  # StripByteCounts
        _short(284, 1),  # PlanarConfiguration: chunky
        _bytes(50706, bytes((1, 4, 0, 0))),  # DNGVersion
        _bytes(50707, bytes((1, 1, 0, 0))),  # DNGBackwardVersion
        _short(50714, *[sensor.black] * samples),
        _short(50717, *[sensor.white] * samples),
        _signed(50721, *_colour_matrix(sensor)),
        _rational(50728, *sensor.neutral.tolist()),  # AsShotNeutral
        _short(50778, _D65),  # CalibrationIlluminant1
    ]
    if layout is Layout.MOSAIC:
        cell = bytes(_COLOURS.index(colour) for colour in sensor.pattern)
        fields += [
            _short(33421, 2, 2),
            _bytes(33422, cell),
            _bytes(50710, bytes((0, 1, 2))),
            _short(50711, 1),
        ]
    return fields


def _colour_matrix(sensor: Sensor) -> list[float]:
    """Return ColorMatrix1, which leads from XYZ under D65 to camera RGB."""
    matrix = np.asarray(sensor.from_srgb) @ np.linalg.inv(np.asarray(TO_XYZ))
    return [float(value) for value in matrix.ravel()]


def _camera_fields(facts: Facts) -> list[_Field]:
    fields = [
        _text(271, facts.make),
        _text(272, facts.model),
        _short(274, facts.orientation),
        _text(50708, f"{facts.make} {facts.model}"),  # UniqueCameraModel
    ]
    if facts.taken_at is not None:
        fields.append(_text(306, f"{facts.taken_at:%Y:%m:%d %H:%M:%S}"))
    if facts.artist is not None:
        fields.append(_text(315, facts.artist))
    if facts.copyright is not None:
        fields.append(_text(33432, facts.copyright))
    return fields


def _exif_fields(facts: Facts) -> list[_Field]:
    fields = [_bytes(36864, b"0232", kind=7)]
    if facts.exposure_seconds is not None:
        fields += [
            _rational(33434, facts.exposure_seconds),
            _rational(33437, facts.f_number),
            _short(34855, facts.iso),
            _rational(37386, facts.focal_length_mm),
        ]
    if facts.lens is not None:
        fields.append(_text(42036, facts.lens))
    if facts.taken_at is not None:
        fields += _date_fields(facts.taken_at)
    return fields


def _date_fields(taken_at: datetime) -> list[_Field]:
    text = f"{taken_at:%Y:%m:%d %H:%M:%S}"
    fields = [_text(36867, text), _text(36868, text)]
    if taken_at.microsecond:
        digits = f"{taken_at.microsecond:06d}".rstrip("0")
        fields += [_text(37521, digits), _text(37522, digits)]
    if taken_at.tzinfo is not None:
        zone = taken_at.isoformat()[-6:]
        fields += [_text(36881, zone), _text(36882, zone)]
    return fields


def _gps_fields(position: tuple[float, float]) -> list[_Field]:
    latitude, longitude = position
    return [
        _bytes(0, bytes((2, 3, 0, 0))),
        _text(1, "N" if latitude >= 0 else "S"),
        _rational(2, *_sexagesimal(abs(latitude))),
        _text(3, "E" if longitude >= 0 else "W"),
        _rational(4, *_sexagesimal(abs(longitude))),
    ]


def _sexagesimal(degrees: float) -> tuple[Fraction, Fraction, Fraction]:
    hundredths = round(degrees * 360_000)
    minutes, rest = divmod(hundredths, 6_000)
    return Fraction(minutes // 60), Fraction(minutes % 60), Fraction(rest, 100)
