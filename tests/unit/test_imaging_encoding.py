from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from darkroomd.core.imprint import Imprint
from darkroomd.core.recipes import ColourSpace, Format, MetadataPolicy, Recipe, Subsampling
from darkroomd.imaging import display_p3, srgb, tags, tiff
from darkroomd.imaging.encoding import encoded
from darkroomd.imaging.light import shallow
from darkroomd.imaging.metadata import Metadata
from darkroomd.imaging.refusals import Refusal

SHOT = Metadata(
    main={tags.MAKE: tiff.text(tags.MAKE, "Maker")},
    exif={tags.ISO: tiff.short(tags.ISO, 400)},
    gps={},
)
LOSSLESS = [Recipe(format=Format.PNG), Recipe(format=Format.TIFF), Recipe(format=Format.WEBP, quality=100)]
EVERY = [Recipe(), *LOSSLESS, Recipe(format=Format.WEBP)]


def noise(*, width: int = 60, height: int = 70) -> NDArray[np.uint16]:
    return np.random.default_rng(7).integers(0, 65536, (height, width, 3), dtype=np.uint16)


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def file_of(recipe: Recipe, *, imprint: Imprint | None = None) -> bytes:
    pixels = noise() if recipe.bits == 16 else shallow(noise())
    return encoded(pixels, recipe, SHOT, imprint or Imprint())


def deep_png(content: bytes) -> NDArray[np.uint16]:
    """Read the rows of a PNG of 16 bits as the standard has it: Pillow drops the lower eight."""
    at, packed = 8, b""
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", content, at + 8 + length) == (zlib.crc32(kind + data),)
        packed += data if kind == b"IDAT" else b""
        at += 12 + length
    lines = np.frombuffer(zlib.decompress(packed), dtype=np.uint8).reshape(70, 1 + 60 * 6)
    assert set(lines[:, 0].tolist()) == {2}
    rows = np.add.accumulate(lines[:, 1:], axis=0, dtype=np.uint8)
    return rows.reshape(-1).view(">u2").reshape(70, 60, 3).astype(np.uint16)


def deep_tiff(content: bytes) -> NDArray[np.uint16]:
    """Read the strips of a TIFF of 16 bits as the standard has it."""
    folder = tiff.main_folder(content)
    places, lengths = (folder[tag].integers() for tag in (273, 279))
    packed = [content[at : at + length] for at, length in zip(places, lengths, strict=True)]
    data = b"".join(zlib.decompressobj().decompress(strip) for strip in packed)
    rows = np.frombuffer(data, dtype="<u2").reshape(70, 60, 3)
    return np.add.accumulate(rows, axis=1, dtype=np.uint16)


@pytest.mark.parametrize("recipe", LOSSLESS, ids=lambda recipe: str(recipe.format))
def test_pixels_come_back_from_lossless_formats(recipe: Recipe) -> None:
    picture = opened(file_of(recipe))

    assert np.array_equal(np.asarray(picture), shallow(noise()))


def test_16_bits_come_back_from_png_and_tiff() -> None:
    png, tif = (file_of(Recipe(format=kind, bits=16)) for kind in (Format.PNG, Format.TIFF))

    assert np.array_equal(deep_png(png), noise())
    assert np.array_equal(deep_tiff(tif), noise())
    assert opened(png).size == (60, 70)
    assert Image.open(io.BytesIO(tif)).size == (60, 70)


@pytest.mark.parametrize("recipe", EVERY, ids=lambda recipe: str(recipe.format))
def test_every_format_carries_metadata_and_profile(recipe: Recipe) -> None:
    picture = opened(file_of(recipe))

    exif = picture.getexif()
    assert (exif[tags.MAKE], exif[tags.ORIENTATION], exif.get_ifd(0x8769)[tags.ISO]) == ("Maker", 1, 400)
    assert picture.info["icc_profile"] == srgb.icc_profile()


@pytest.mark.parametrize("recipe", EVERY, ids=lambda recipe: str(recipe.format))
def test_a_wider_space_is_named_by_its_profile(recipe: Recipe) -> None:
    wide = Recipe(format=recipe.format, quality=recipe.quality, colour_space=ColourSpace.DISPLAY_P3)

    picture = opened(file_of(wide))

    assert picture.info["icc_profile"] == display_p3.icc_profile()
    assert picture.getexif().get_ifd(0x8769)[tags.COLOUR_SPACE] == 0xFFFF


@pytest.mark.parametrize("recipe", EVERY, ids=lambda recipe: str(recipe.format))
def test_without_metadata_there_is_only_the_picture(recipe: Recipe) -> None:
    content = file_of(recipe, imprint=Imprint(policy=MetadataPolicy.NONE))

    picture = opened(content)
    structural = {*range(256, 263), 273, 277, 278, 279, 284, 317, 34675}
    assert set(picture.getexif()) <= structural
    assert b"Maker" not in content
    assert picture.info["icc_profile"] == srgb.icc_profile()


@pytest.mark.parametrize("recipe", [*EVERY, Recipe(format=Format.TIFF, bits=16)], ids=lambda one: one.format)
def test_a_file_is_the_same_every_time(recipe: Recipe) -> None:
    assert file_of(recipe) == file_of(recipe)


def test_less_colour_is_fewer_bytes() -> None:
    full, half, quarter = (len(file_of(Recipe(subsampling=one))) for one in Subsampling)

    assert full > half > quarter


@pytest.mark.parametrize(
    ("kind", "longest"),
    [pytest.param(Format.JPEG, 65_500, id="jpeg"), pytest.param(Format.WEBP, 16_383, id="webp")],
)
def test_a_picture_beyond_its_format_is_refused(kind: Format, longest: int) -> None:
    pixels = np.zeros((1, longest + 1, 3), dtype=np.uint8)

    with pytest.raises(Refusal) as caught:
        encoded(pixels, Recipe(format=kind), SHOT, Imprint())

    assert caught.value.failure.code == "recipe.picture_too_large"
    assert str(longest) in caught.value.failure.message
