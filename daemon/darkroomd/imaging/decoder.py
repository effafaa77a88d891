"""From a RAW file's bytes to an upright sRGB picture: LibRaw unpacks, the kernel or LibRaw develops."""

from __future__ import annotations

import errno
import io
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

import numpy as np
import rawpy
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # pyright: ignore[reportMissingTypeStubs] - it has none

from darkroomd.imaging import bayer, ciff, gaps, jpeg_headers, kernel, refusals, soundness
from darkroomd.imaging.containers import bytes_needed, deflates_integers, number, tag_folders
from darkroomd.imaging.extents import sensor_extents
from darkroomd.imaging.look import Look
from darkroomd.imaging.turning import turned
from darkroomd.system.heap import give_back_freed_memory, zeroed_memory

_BAYER_CELL: Final = (2, 2)
_GREY: Final = 1
_COLOURS: Final = 3
_ORIENTATION: Final = 274
_ORIENTATIONS: Final = range(1, 9)
_PIXELS_PER_BYTE: Final = 8
"""The shortest code of a lossless JPEG has one bit."""


class Method(Enum):
    """What develops a file; where the kernel is asked for a sensor that it does not know, LibRaw steps in."""

    KERNEL = "kernel"
    LIBRAW = "libraw"


class Orientation(Enum):
    """What to make of the file's word on how the camera was held."""

    SOUND = "sound"
    SENSELESS = "senseless"


@dataclass(frozen=True, slots=True)
class ShotFacts:
    """What LibRaw says of the shot, from maker's notes and containers we do not read; 0 is unknown."""

    iso: float
    exposure_seconds: float
    f_number: float
    focal_length_mm: float
    taken_at: datetime | None
    lens: str = ""


@contextmanager
def opened(blob: bytes, *, limit_pixels: int) -> Generator[rawpy.RawPy]:
    """Open a RAW file, not yet unpacked, and translate what LibRaw raises while inside.

    Raises:
        Refusal: LibRaw does not know the content, finds its end too early or damage in it, or the
            picture is beyond `limit_pixels` or the memory.
    """
    try:
        with rawpy.RawPy() as raw:
            raw.open_buffer(io.BytesIO(blob))
            soundness.check_size(
                width=raw.sizes.raw_width,
                height=raw.sizes.raw_height,
                pixel_aspect=raw.sizes.pixel_aspect,
                limit_pixels=limit_pixels,
            )
            yield raw
    except (MemoryError, rawpy.LibRawUnsufficientMemoryError, rawpy.LibRawMemPoolOverflowError) as error:
        # Where no memory was to be had, LibRaw says that its pool overflowed.
        raise refusals.out_of_memory() from error
    except rawpy.LibRawError as error:
        raise _refusal(error, blob) from error
    except OSError as error:
        if not _lacks_memory(error):
            raise
        raise refusals.out_of_memory() from error


def unpack(raw: rawpy.RawPy, blob: bytes) -> None:
    """Decode the sensor's values and refuse what cannot be a picture.

    Raises:
        Refusal: the values or the colour data make no picture (see `soundness`).
    """
    sizes = raw.sizes
    extents = tuple(sensor_extents(blob, raw_height=sizes.raw_height))
    try:
        with _empty_memory(pixels=sizes.raw_width * sizes.raw_height, file_bytes=len(blob)):
            raw.unpack()
    except rawpy.LibRawDataError:
        # Zeros that were never filled are data errors too, and "incomplete" says more than "damaged".
        gaps.check_written(blob, extents, black=0)
        raise
    soundness.check_length(
        length_bytes=len(blob), needed_bytes=bytes_needed(blob), pixels=sizes.width * sizes.height
    )
    black = _black(raw)
    gaps.check_written(blob, extents, black=black)
    jpeg_headers.check_headers(blob, extents)
    soundness.check_levels(black=black, white=raw.white_level)
    soundness.check_values(_visible(raw), black=black, white=raw.white_level)
    soundness.check_colour(
        matrices=(raw.color_matrix, raw.rgb_xyz_matrix), white_balance=raw.camera_whitebalance
    )


def _empty_memory(*, pixels: int, file_bytes: int) -> AbstractContextManager[None]:
    """Let LibRaw decode into zeros.

    Where it finds nothing to decode it leaves in the picture what its memory held before: another photo.
    """
    if pixels <= file_bytes * _PIXELS_PER_BYTE:
        return zeroed_memory()
    # What can hardly be in a file is not to cost the memory that it claims.
    give_back_freed_memory()
    return nullcontext()


def shot_facts(raw: rawpy.RawPy) -> ShotFacts:
    """Return what LibRaw says of the shot; to be asked after `unpack`."""
    try:
        other = raw.other
    except (ValueError, OverflowError, OSError):  # a time stamp beyond the calendar
        return ShotFacts(iso=0, exposure_seconds=0, f_number=0, focal_length_mm=0, taken_at=None)
    return ShotFacts(
        iso=other.iso_speed,
        exposure_seconds=other.shutter_speed,
        f_number=other.aperture,
        focal_length_mm=other.focal_length,
        taken_at=other.timestamp if other.timestamp.year > 1970 else None,  # noqa: PLR2004 - the epoch is "none"
        lens=_lens(raw),
    )


def _lens(raw: rawpy.RawPy) -> str:
    try:
        return raw.lens.model
    except ValueError:  # a name that is not UTF-8
        return ""


def orientation_of(blob: bytes) -> Orientation:
    """Return whether what the file says of its orientation is one of Exif's eight; silence is sound."""
    main = tag_folders(blob).main
    is_sound = _ORIENTATION not in main or number(main, _ORIENTATION) in _ORIENTATIONS
    return Orientation.SOUND if is_sound else Orientation.SENSELESS


def rendered(
    raw: rawpy.RawPy,
    look: Look,
    orientation: Orientation = Orientation.SOUND,
    *,
    method: Method = Method.LIBRAW,
    bits: kernel.Bits = 8,
) -> kernel.Shown:
    """Demosaic, balance, give the pixels their look and turn the picture upright.

    A senseless orientation leaves it as the sensor saw it: LibRaw looks at the lowest three bits of the
    number and would turn what says 0 ("not known") by a quarter.

    The array, (height, width, 3) of sRGB in this many bits, owns its memory: it stays when `raw` is closed.
    What the look asks beyond gains, mix and tables is left to the caller.

    Raises:
        Refusal: the sensor has more colours than can be shown, or the colour matrix shows none.
    """
    camera = bayer.to_linear_srgb(raw)
    mosaic = bayer.mosaic_of(raw) if method is Method.KERNEL and camera is not None else None
    if mosaic is None or camera is None:
        return _tinted(raw, look, orientation, camera=camera, bits=bits)
    pixels = kernel.develop(
        mosaic.values,
        pattern=mosaic.pattern,
        black=mosaic.black,
        scale=mosaic.scale,
        matrix=_to_display(look, camera),
        tables=look.tables,
        bits=bits,
    )
    return turned(pixels, 0 if orientation is Orientation.SENSELESS else raw.sizes.flip)


def method_for(blob: bytes) -> Method:
    """Return how a file is best developed here."""
    return Method.KERNEL if kernel.BUILT and bayer.is_plain(blob) else Method.LIBRAW


def _tinted(
    raw: rawpy.RawPy,
    look: Look,
    orientation: Orientation,
    *,
    camera: NDArray[np.float64] | None,
    bits: kernel.Bits,
) -> kernel.Shown:
    """Return LibRaw's picture in the look, its colours made as the kernel's are where the matrix is known."""
    space, to_srgb = rawpy.ColorSpace.raw, camera
    if to_srgb is None:
        space, to_srgb = rawpy.ColorSpace.sRGB, np.eye(_COLOURS)
    linear = _linear(raw, orientation, space)
    if linear.shape[2] == _GREY:
        linear = np.repeat(linear, _COLOURS, axis=2)
    if linear.shape[2] != _COLOURS:
        raise refusals.unsupported(f"{linear.shape[2]} colours")
    return kernel.tint(linear, matrix=_to_display(look, to_srgb), tables=look.tables, bits=bits)


def _to_display(look: Look, to_srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (3, 3), balanced camera RGB to the look's linear sRGB.

    One product and sum at a time: what a linear algebra library does differs in the last bit by machine.
    """
    rows = to_srgb * look.gains
    mixed: NDArray[np.float64] = look.mix[:, :1] * rows[0]
    for column in range(1, _COLOURS):
        mixed = mixed + look.mix[:, column : column + 1] * rows[column]
    return mixed


def _linear(raw: rawpy.RawPy, orientation: Orientation, colours: rawpy.ColorSpace) -> NDArray[np.uint16]:
    """Return LibRaw's picture, upright: (height, width, colours) uint16, linear, balanced, clipped."""
    black = _black(raw)
    white = soundness.saturation(
        recorded=raw.camera_white_level_per_channel, black=black, white=raw.white_level
    )
    is_quick = _is_bayer(raw) and not kernel.BUILT
    parameters = rawpy.Params(
        # Without the kernel every Bayer picture comes this way: PPG takes a third of AHD's time and makes
        # no worse a picture (`tests/bench/quality.py`).
        demosaic_algorithm=rawpy.DemosaicAlgorithm.PPG if is_quick else rawpy.DemosaicAlgorithm.AHD,
        use_camera_wb=True,
        output_color=colours,
        output_bps=16,
        gamma=(1, 1),
        # Exposure is what was chosen at the camera. LibRaw's automatic brightness stretches each frame
        # until one percent of it clips: it lifts a night scene to day, and two frames of one burst to
        # two brightnesses. Its adjustment of the maximum does the same by the brightest pixel; what
        # stands in for it says `soundness.saturation`.
        no_auto_bright=True,
        adjust_maximum_thr=0.0,
        user_sat=white - black,
        user_flip=0 if orientation is Orientation.SENSELESS else None,
        highlight_mode=rawpy.HighlightMode.Clip,
    )
    with _deterministic_threads(raw):
        return raw.postprocess(parameters).view(np.uint16)  # which it is, by `output_bps`


def _visible(raw: rawpy.RawPy) -> NDArray[np.uint16]:
    """Return the visible sensor values, (height, width) or (height, width, colours) uint16."""
    try:
        values = raw.raw_image_visible
    except RuntimeError as error:
        raise refusals.unsupported("the sensor values are no integers") from error
    # LibRaw keeps three colours in four planes; the fourth one is empty.
    return values[..., : raw.num_colors] if values.ndim > len(_BAYER_CELL) else values


def _black(raw: rawpy.RawPy) -> int:
    levels = raw.black_level_per_channel[: raw.num_colors]
    return min(levels)


def _deterministic_threads(raw: rawpy.RawPy) -> AbstractContextManager[object]:
    """Limit LibRaw to one thread for every sensor but plain Bayer.

    On two threads its X-Trans interpolation gives thousands of different pixels in each run.
    """
    if raw.raw_type is rawpy.RawType.Stack or _is_bayer(raw):
        return nullcontext()
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="openmp")
    return limits


def _is_bayer(raw: rawpy.RawPy) -> bool:
    if raw.raw_type is rawpy.RawType.Stack:
        return False
    try:
        pattern = raw.raw_pattern
    except NotImplementedError:
        return False
    return pattern is not None and pattern.shape == _BAYER_CELL


def _lacks_memory(error: OSError) -> bool:
    # Of LibRaw's own errors number and sentence come as one argument, so that `errno` is not set.
    return errno.ENOMEM in (error.errno, *(each[0] for each in error.args if isinstance(each, tuple)))


def _refusal(error: rawpy.LibRawError, blob: bytes) -> refusals.Refusal:
    """Return what LibRaw's error means for the photo."""
    said = error.args[0] if error.args else ""
    reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    match error:
        case rawpy.LibRawIOError():
            return refusals.truncated(reason, sizeBytes=len(blob))
        case rawpy.LibRawTooBigError():
            return refusals.too_large(reason=reason)
        case rawpy.LibRawDataError() if len(blob) < bytes_needed(blob):
            return refusals.truncated(reason, sizeBytes=len(blob), neededBytes=bytes_needed(blob))
        case rawpy.LibRawDataError() | rawpy.LibRawBadCropError() if not deflates_integers(blob):
            return refusals.damaged(reason, sizeBytes=len(blob))
        case _ if ciff.is_ciff(blob) and not ciff.is_complete(blob):
            return refusals.truncated("the directory at the end of the file is missing", sizeBytes=len(blob))
        case _:
            return refusals.unsupported(reason)
