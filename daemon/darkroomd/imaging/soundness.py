"""Is it a picture? Decoders return black or noise for files that hold none, without an error.

A frame taken with the lens cap on is a picture: its values scatter. What a sensor never gives is one
value everywhere, or a picture in fewer bytes than the densest coding needs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.imaging import refusals

DENSEST_BITS_PER_PIXEL: Final = 0.05
"""Below this there is no picture. A JPEG spends 0.09 bits on each pixel of an empty sheet."""

EMPTY_TAIL_SHARE: Final = 0.05
"""So much of the rows must be empty to be missing: some sensors have a few dark rows at their edge."""

LONGEST_SIDE: Final = 65_500
"""That libjpeg writes, in pixels."""

HIGHEST_VALUE: Final = 65_535
"""Of a sensor, as LibRaw hands them over."""

LEAST_DETERMINANT: Final = 1e-3
"""Of a colour matrix; those of cameras are about one."""

BEYOND_SATURATION: Final = 2
"""So many times the saturation are values that no sensor gives: the number of the saturation is wrong."""

_SHORT_READ: Final = re.compile(r"premature end|unexpected end", re.IGNORECASE)
"""How libjpeg and LibRaw tell on their standard error that the data ended too early."""


def check_size(*, width: int, height: int, pixel_aspect: float, limit_pixels: int) -> None:
    """Refuse a picture that is empty or beyond the limits, before memory is spent on it.

    Args:
        width: of the sensor.
        height: of the sensor.
        pixel_aspect: width of a pixel by its height. LibRaw makes pixels square by making the picture
            longer in one direction.
        limit_pixels: that the sensor and the finished picture may have.
    """
    if width < 1 or height < 1:
        raise refusals.damaged("the picture has no area", width=width, height=height)
    if not (math.isfinite(pixel_aspect) and pixel_aspect > 0):
        raise refusals.damaged("the pixels have no shape", width=width, height=height)
    width, height = round(width * max(1.0, pixel_aspect)), round(height / min(1.0, pixel_aspect))
    if width * height > limit_pixels:
        raise refusals.too_large(width=width, height=height, limitPixels=limit_pixels)
    if max(width, height) > LONGEST_SIDE:
        raise refusals.longer_than_a_jpeg(width=width, height=height, longest=LONGEST_SIDE)


def check_length(*, length_bytes: int, needed_bytes: int, pixels: int) -> None:
    """Refuse a file that is too short for its picture, although it was decoded."""
    if length_bytes * 8 < pixels * DENSEST_BITS_PER_PIXEL:
        raise refusals.no_image_data(
            "there are fewer bytes than any coding needs", sizeBytes=length_bytes, pixels=pixels
        )
    if length_bytes < needed_bytes:
        raise refusals.truncated(
            "the picture reaches beyond the end of the file",
            sizeBytes=length_bytes,
            neededBytes=needed_bytes,
        )


def check_chatter(lines: Iterable[str]) -> None:
    """Refuse a file of which the decoder said that it ended too early."""
    for line in lines:
        if _SHORT_READ.search(line):
            raise refusals.truncated("the decoder met the end of the file", decoder=line)


def check_values(values: NDArray[np.uint16], *, black: int, white: int) -> None:
    """Refuse sensor values that hold no picture, or only its beginning.

    A file whose space was reserved before it was filled has its full length from the start.

    Args:
        values: (height, width) or (height, width, colours) uint16, what the sensor's visible part gave.
        black: value of no light.
        white: value of saturation.
    """
    lowest, highest = int(values.min()), int(values.max())
    if _is_flat(values):
        raise refusals.no_image_data("all sensor values are equal", value=highest)
    if highest <= black:
        raise refusals.no_image_data("no sensor value is above black", highest=highest, black=black)
    if lowest >= white and highest >= white * BEYOND_SATURATION:
        raise refusals.damaged("all sensor values are beyond saturation", lowest=lowest, white=white)

    if black > 0 and not values[-max(1, round(len(values) * EMPTY_TAIL_SHARE)) :].any():
        raise refusals.truncated("the last rows are zero, which is below black", rows=len(values))


def _is_flat(values: NDArray[np.uint16]) -> bool:
    """Tell whether every value is that of its colour in the first pixel: zeros are a tint to some codings."""
    first = values[0, 0]
    return bool((values[0] == first).all() and (values == first).all())


def check_picture(pixels: NDArray[np.integer]) -> None:
    """Refuse a picture that is black from edge to edge: even with the lens cap on, a sensor gives noise.

    Args:
        pixels: (height, width, 3), 0 being black. The first rows that are not end the search.
    """
    if not any(row.any() for row in pixels):
        raise refusals.no_image_data("the developed picture is black", rows=len(pixels))


def check_colour(*, matrices: Sequence[NDArray[np.float32]], white_balance: Sequence[float]) -> None:
    """Refuse colour data that are no numbers or turn all colours into one: what they make is no picture.

    Args:
        matrices: three by three or larger; all zero where the file and the decoder know none.
        white_balance: a factor for each channel.
    """
    if not all(np.isfinite(numbers).all() for numbers in (*matrices, np.asarray(white_balance))):
        raise refusals.damaged("the colour matrix or white balance is not finite")
    squares = [matrix[:3, :3].astype(np.float64) for matrix in matrices]
    if any(square.any() and abs(np.linalg.det(square)) < LEAST_DETERMINANT for square in squares):
        raise refusals.damaged("the colour matrix makes all colours one")


def check_levels(*, black: int, white: int) -> None:
    """Refuse levels between which no value can lie, or whose light no value can reach."""
    if white <= black:
        raise refusals.damaged("saturation is not above black", black=black, white=white)
    if white > HIGHEST_VALUE:
        raise refusals.damaged("saturation is beyond every value", black=black, white=white)


RECORDED_FLOOR: Final = 0.5
"""A recorded saturation below this share of the decoder's own figure means something else."""


def saturation(*, recorded: Sequence[int] | None, black: int, white: int) -> int:
    """Return the value at which the sensor clips: the camera's own word, else the decoder's for the model.

    Both depend on camera and settings alone. LibRaw's default, the brightest pixel of the frame, would
    give each frame of a burst its own exposure; the model's figure alone turns the clipped highlights
    of cameras that saturate earlier magenta.

    Args:
        recorded: saturation per channel from the file's metadata.
        black: value of no light.
        white: highest value by the decoder's word.
    """
    if recorded is not None and black + (white - black) * RECORDED_FLOOR <= min(recorded) <= white:
        return min(recorded)
    return white
