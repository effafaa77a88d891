"""Write small, correct DNG files: uncompressed 16-bit mosaics or linear pictures, with EXIF.

Layout and tags follow TIFF 6.0, Exif 2.32 and Adobe's DNG specification 1.4. Equal arguments give
equal bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from darkroomd.imaging.srgb import TO_XYZ
from darkroomd.imaging.tiff import (
    EXIF_FOLDER,
    GPS_FOLDER,
    UNDEFINED,
    Block,
    Field,
    long,
    rational,
    raw_bytes,
    short,
    signed_rational,
    text,
)

BAYER_CELL: Final = "RGGB"

XTRANS_CELL: Final = "GGRGGBGGBGGRBRGRBGGGBGGRGGRGGBRBGBRG"
"""Fuji's six by six cell, row by row. LibRaw wants pictures of at least 512 pixels a side for it."""

Picture: TypeAlias = NDArray[np.floating]
"""(height, width, 3), linear camera RGB, 0 (black) to 1 (saturated) with the white balance not applied."""

Matrix: TypeAlias = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

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
        cell: the colours of the mosaic's square cell, row by row: `R`, `G` and `B`, two by two or six
            by six. Without meaning for a linear picture.
        black: value of no light.
        white: value of saturation.
        from_srgb: matrix from linear sRGB to camera RGB. Its row sums are what the camera makes of
            white, and become the white balance.
    """

    cell: str = BAYER_CELL
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
    block = Block()
    exif_at = block.add(_exif_fields(facts))
    gps_at = block.add(_gps_fields(facts.position)) if facts.position else None
    fields = [
        *_image_fields(pixels, layout=layout, sensor=sensor),
        *_camera_fields(facts),
        long(EXIF_FOLDER, exif_at),
        *([long(GPS_FOLDER, gps_at)] if gps_at else []),
    ]
    return block.finish(first=block.add(fields)).ljust(_PIXELS_AT, b"\0") + pixels.tobytes()


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
    side = _side(sensor.cell)
    for place, colour in enumerate(sensor.cell):
        row, column = divmod(place, side)
        mosaic[row::side, column::side] = values[row::side, column::side, _COLOURS.index(colour)]
    return mosaic


def _side(cell: str) -> int:
    return math.isqrt(len(cell))


def _image_fields(pixels: NDArray[np.uint16], *, layout: Layout, sensor: Sensor) -> list[Field]:
    height, width = pixels.shape[:2]
    samples = len(_COLOURS) if layout is Layout.LINEAR else 1
    fields = [
        long(254, 0),  # NewSubfileType: the full picture
        long(256, width),
        long(257, height),
        short(258, *[16] * samples),  # BitsPerSample
        short(259, 1),  # Compression: none
        short(262, _LINEAR_RAW if layout is Layout.LINEAR else _CFA),  # PhotometricInterpretation
        long(273, _PIXELS_AT),  # StripOffsets
        short(277, samples),
        long(278, height),  # RowsPerStrip
        long(279, pixels.nbytes),  # StripByteCounts
        short(284, 1),  # PlanarConfiguration: chunky
        raw_bytes(50706, bytes((1, 4, 0, 0))),  # DNGVersion
        raw_bytes(50707, bytes((1, 1, 0, 0))),  # DNGBackwardVersion
        short(50714, *[sensor.black] * samples),
        short(50717, *[sensor.white] * samples),
        signed_rational(50721, *_colour_matrix(sensor)),
        rational(50728, *(Fraction(value) for value in sensor.neutral.tolist())),  # AsShotNeutral
        short(50778, _D65),  # CalibrationIlluminant1
    ]
    if layout is Layout.MOSAIC:
        cell = bytes(_COLOURS.index(colour) for colour in sensor.cell)
        side = _side(sensor.cell)
        fields += [
            short(33421, side, side),
            raw_bytes(33422, cell),
            raw_bytes(50710, bytes((0, 1, 2))),
            short(50711, 1),
        ]
    return fields


def _colour_matrix(sensor: Sensor) -> list[Fraction]:
    """Return ColorMatrix1, which leads from XYZ under D65 to camera RGB."""
    matrix = np.asarray(sensor.from_srgb) @ np.linalg.inv(np.asarray(TO_XYZ))
    return [Fraction(value) for value in matrix.ravel().tolist()]


def _camera_fields(facts: Facts) -> list[Field]:
    fields = [
        text(271, facts.make),
        text(272, facts.model),
        short(274, facts.orientation),
        text(50708, f"{facts.make} {facts.model}"),  # UniqueCameraModel
    ]
    if facts.taken_at is not None:
        fields.append(text(306, f"{facts.taken_at:%Y:%m:%d %H:%M:%S}"))
    if facts.artist is not None:
        fields.append(text(315, facts.artist))
    if facts.copyright is not None:
        fields.append(text(33432, facts.copyright))
    return fields


def _exif_fields(facts: Facts) -> list[Field]:
    fields = [raw_bytes(36864, b"0232", kind=UNDEFINED)]
    if facts.exposure_seconds is not None:
        fields += [
            rational(33434, facts.exposure_seconds),
            rational(33437, facts.f_number),
            short(34855, facts.iso),
            rational(37386, facts.focal_length_mm),
        ]
    if facts.lens is not None:
        fields.append(text(42036, facts.lens))
    if facts.taken_at is not None:
        fields += _date_fields(facts.taken_at)
    return fields


def _date_fields(taken_at: datetime) -> list[Field]:
    clock = f"{taken_at:%Y:%m:%d %H:%M:%S}"
    fields = [text(36867, clock), text(36868, clock)]
    if taken_at.microsecond:
        digits = f"{taken_at.microsecond:06d}".rstrip("0")
        fields += [text(37521, digits), text(37522, digits)]
    if taken_at.tzinfo is not None:
        zone = taken_at.isoformat()[-6:]
        fields += [text(36881, zone), text(36882, zone)]
    return fields


def _gps_fields(position: tuple[float, float]) -> list[Field]:
    latitude, longitude = position
    return [
        raw_bytes(0, bytes((2, 3, 0, 0))),
        text(1, "N" if latitude >= 0 else "S"),
        rational(2, *_sexagesimal(abs(latitude))),
        text(3, "E" if longitude >= 0 else "W"),
        rational(4, *_sexagesimal(abs(longitude))),
    ]


def _sexagesimal(degrees: float) -> tuple[Fraction, Fraction, Fraction]:
    hundredths = round(degrees * 360_000)
    minutes, rest = divmod(hundredths, 6_000)
    return Fraction(minutes // 60), Fraction(minutes % 60), Fraction(rest, 100)
