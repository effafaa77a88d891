"""From the developed picture to the one that a recipe writes: size, sharpness, overlay, colour space, depth.

Pixels are display-referred: an output's colour space is another way to write the same colours. All of it is
done in whole numbers or by Pillow's plain C, so that the bytes are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from darkroomd.core.recipes import ColourSpace, Recipe, size_of
from darkroomd.imaging import display_p3, overlay
from darkroomd.imaging.light import FULL, Picture, deep, encoded, linear, shallow

STRIP_ROWS: Final = 256
"""Rows that are worked on at a time where the work takes several times the picture's memory."""

_LUMA: Final = (54, 183, 19)
"""Weights of R, G and B in luma by BT.709, in units of 2**-8."""

_SHARPEST: Final = 1.5
"""Share of the lost detail that sharpening by 100 puts back."""


def finished(pixels: Picture, recipe: Recipe) -> Picture:
    """Return the upright sRGB picture `pixels` as the recipe wants it, in its depth and colour space.

    Raises:
        Refusal: the overlay is not what it was when the daemon started.
    """
    # A picture in 16 bits is there for the sake of another recipe: this one's bytes do not depend on it.
    pixels = deep(pixels) if recipe.bits == 16 else shallow(pixels)  # noqa: PLR2004 - of a channel
    height, width = pixels.shape[:2]
    wanted = size_of(recipe.resize, width=width, height=height)
    if wanted != (width, height):
        pixels = resized(pixels, width=wanted[0], height=wanted[1])
    if recipe.sharpening:
        pixels = sharpened(pixels, amount=recipe.sharpening)
    if recipe.overlay is not None:
        pixels = overlay.laid_over(pixels, recipe.overlay)
    if recipe.colour_space is ColourSpace.DISPLAY_P3:
        pixels = in_display_p3(pixels)
    return shallow(pixels) if recipe.bits == 8 else deep(pixels)  # noqa: PLR2004 - of a channel


def resized(pixels: Picture, *, width: int, height: int) -> NDArray[np.uint16]:
    """Return the picture in another size, by Lanczos' filter of three lobes.

    Shrinking averages light, as eye and camera do: done on encoded values it darkens foliage, hair and city
    lights. Enlarging works on encoded values, where the filter's overshoots at edges are even on both sides.
    """
    is_shrunk = width * height < pixels.shape[0] * pixels.shape[1]
    result = np.empty((height, width, 3), dtype=np.uint16)
    for channel in range(3):
        plane = pixels[..., channel]
        values = linear(plane) if is_shrunk else deep(plane).astype(np.int32)
        scaled = np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.LANCZOS))
        result[..., channel] = encoded(scaled) if is_shrunk else np.clip(scaled, 0, 0xFFFF)
    return result


def sharpened(pixels: Picture, *, amount: int) -> NDArray[np.uint16]:
    """Return the picture with the finest detail lifted, `amount` 0 to 100: an unsharp mask of luma.

    Its radius goes by the finished picture's pixels (binomial 1 2 1 both ways, sigma 0.7 pixels). Hues stay,
    as all three channels move together.
    """
    height = pixels.shape[0]
    factor = round(amount * _SHARPEST / 100 * 256)
    result = np.empty(pixels.shape, dtype=np.uint16)
    for top, bottom in _strips(height):
        first, last = max(0, top - 1), min(height, bottom + 1)
        values = deep(pixels[first:last]).astype(np.int32)
        luma = (values @ np.array(_LUMA, dtype=np.int32)) >> 8
        # At the picture's edges its last row and column stand in for what lies beyond.
        padded = np.pad(luma, ((int(first == top), int(last == bottom)), (1, 1)), mode="edge")
        rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
        blurred = rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]
        inner = slice(top - first, top - first + bottom - top)
        detail = 16 * luma[inner].astype(np.int64) - blurred
        lift = (detail * factor + (1 << 11)) >> 12
        result[top:bottom] = np.clip(values[inner] + lift[..., np.newaxis], 0, 0xFFFF)
    return result


def in_display_p3(pixels: Picture) -> NDArray[np.uint16]:
    """Return the same colours in Display P3, which holds all of sRGB."""
    matrix = np.array(display_p3.FROM_SRGB, dtype=np.int64)
    result = np.empty(pixels.shape, dtype=np.uint16)
    for top, bottom in _strips(pixels.shape[0]):
        light = linear(pixels[top:bottom]).astype(np.int64)
        mixed = (light @ matrix.T + display_p3.UNIT // 2) // display_p3.UNIT
        result[top:bottom] = encoded(np.minimum(mixed, FULL))
    return result


def _strips(height: int) -> Iterator[tuple[int, int]]:
    return ((top, min(height, top + STRIP_ROWS)) for top in range(0, height, STRIP_ROWS))
