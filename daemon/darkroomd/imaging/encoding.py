"""From a finished picture to a file's bytes: JPEG, WebP, PNG and TIFF, with profile and metadata."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

from darkroomd.core.imprint import Imprint
from darkroomd.core.recipes import ColourSpace, Format, Recipe
from darkroomd.imaging import display_p3, jpeg, png, srgb, tiff_file
from darkroomd.imaging.exif import exif_block
from darkroomd.imaging.light import Picture
from darkroomd.imaging.metadata import Metadata
from darkroomd.imaging.refusals import Refusal

_SEGMENT_LIMIT_BYTES: Final = 65_533

_LONGEST_EDGES: Final = {Format.JPEG: 65_500, Format.WEBP: 16_383}
"""Pixels that a format can hold in a row or a column."""

_LOSSLESS: Final = 100
"""WebP's quality that stands for no loss."""

_EFFORT: Final = 4
"""WebP's method, 0 to 6: beyond, it takes several times as long for a few percent of the bytes."""


def encoded(pixels: Picture, recipe: Recipe, metadata: Metadata, imprint: Imprint) -> bytes:
    """Return the file of a picture that is finished by `recipe`, in its depth and colour space.

    Raises:
        Refusal: the format cannot hold a picture of that size.
    """
    height, width = pixels.shape[:2]
    longest = _LONGEST_EDGES.get(recipe.format)
    if longest is not None and max(width, height) > longest:
        raise _beyond_format(recipe, longest, width=width, height=height)
    is_srgb = recipe.colour_space is ColourSpace.SRGB
    profile = srgb.icc_profile() if is_srgb else display_p3.icc_profile()
    if recipe.format is Format.TIFF:
        return tiff_file.encoded(pixels, profile, metadata, imprint, is_srgb=is_srgb)
    exif = exif_block(metadata, width=width, height=height, imprint=imprint, is_srgb=is_srgb)
    if recipe.format is Format.PNG:
        return png.encoded(pixels, profile=profile, exif=exif)
    assert len(exif) <= _SEGMENT_LIMIT_BYTES
    if recipe.format is Format.JPEG:
        return jpeg.encoded(
            pixels, quality=recipe.quality, subsampling=recipe.subsampling, profile=profile, exif=exif
        )
    return _webp(pixels, recipe.quality, profile=profile, exif=exif)


def _webp(pixels: Picture, quality: int, *, profile: bytes, exif: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(
        buffer,
        format="WEBP",
        quality=quality,
        lossless=quality == _LOSSLESS,
        method=_EFFORT,
        icc_profile=profile,
        exif=exif,
    )
    return buffer.getvalue()


def _beyond_format(recipe: Recipe, longest: int, *, width: int, height: int) -> Refusal:
    return Refusal(
        "recipe.picture_too_large",
        f"The picture is longer than the {longest} pixels that {recipe.format} can hold. Let the recipe "
        f"{recipe.name} make it smaller, or take another format.",
        context={"recipe": recipe.name, "width": width, "height": height, "longest": longest},
    )
