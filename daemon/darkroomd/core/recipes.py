"""Recipes: how outputs are written."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache, partial
from typing import Final

import msgspec

from darkroomd.core.model import RAW_FOLDER
from darkroomd.core.naming import fold
from darkroomd.core.templates import FileNames, TemplateInvalid, check_text, file_names

MOST_RECIPES: Final = 16
"""Recipes of one daemon."""

LONGEST_FOLDER_BYTES: Final = 100
"""Of an output folder's name."""

MOST_PIXELS: Final = 1 << 28
"""No picture is enlarged beyond that, in pixels."""

LONGEST_EDGE: Final = 65_000
"""No picture is enlarged beyond that, in pixels: JPEG ends a little above."""


LARGEST_OVERLAY_BYTES: Final = 64 << 20
"""Of an overlay's file."""

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
"""What an overlay's file begins with."""


class Format(StrEnum):
    """File formats of outputs."""

    JPEG = "jpeg"
    WEBP = "webp"
    PNG = "png"
    TIFF = "tiff"


SUFFIXES: Final[Mapping[Format, str]] = {
    Format.JPEG: ".jpg",
    Format.WEBP: ".webp",
    Format.PNG: ".png",
    Format.TIFF: ".tif",
}
"""How the names of outputs end."""

MEDIA_TYPES: Final[Mapping[Format, str]] = {
    Format.JPEG: "image/jpeg",
    Format.WEBP: "image/webp",
    Format.PNG: "image/png",
    Format.TIFF: "image/tiff",
}

DEEP: Final = frozenset((Format.PNG, Format.TIFF))
"""Formats that can hold 16 bits a channel."""


class Subsampling(StrEnum):
    """How much of the colour a JPEG keeps: all, half of it across, or half both ways."""

    FULL = "4:4:4"
    HALF = "4:2:2"
    QUARTER = "4:2:0"


class ColourSpace(StrEnum):
    """What the numbers of an output's pixels mean."""

    SRGB = "srgb"
    DISPLAY_P3 = "display-p3"


class MetadataPolicy(StrEnum):
    """What an output says of the shot."""

    ALL = "all"
    NO_GPS = "no-gps"
    NONE = "none"


class Anchor(StrEnum):
    """Where an overlay stands in the picture; a frame is stretched over all of it."""

    TOP_LEFT = "top-left"
    TOP = "top"
    TOP_RIGHT = "top-right"
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM = "bottom"
    BOTTOM_RIGHT = "bottom-right"
    FRAME = "frame"


class Resize(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The size of an output; exactly one of the first four is set. The picture keeps its proportions.

    Attributes:
        long_edge: pixels of the longer side.
        short_edge: pixels of the shorter side.
        box: width and height that the picture must fit into.
        megapixels: area, in millions of pixels.
        enlarge: a smaller picture is enlarged; else it stays as it is.
    """

    long_edge: int | None = None
    short_edge: int | None = None
    box: tuple[int, int] | None = None
    megapixels: float | None = None
    enlarge: bool = False


class Overlay(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A picture with transparency that is laid over an output.

    Attributes:
        path: of the PNG file, as the file system has it.
        digest: SHA-256 of the PNG file, hexadecimal.
        anchor: where it stands.
        scale_percent: its longer side in percent of the picture's shorter one; a frame's means nothing.
        margin_percent: its distance from the edges, in percent of the picture's shorter side.
        opacity_percent: 100 shows it as it is.
    """

    path: bytes
    digest: str
    anchor: Anchor = Anchor.BOTTOM_RIGHT
    scale_percent: float = 20.0
    margin_percent: float = 2.0
    opacity_percent: float = 100.0


class Recipe(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an output is written.

    Attributes:
        name: of the recipe in the configuration.
        folder: output folder inside the session.
        file_name: template of the names of its files, without their suffix; see `core.templates`.
        format: of its files.
        quality: of JPEG (1 to 95, as Pillow counts) and WebP (1 to 100; 100 is lossless).
        subsampling: of JPEG.
        bits: a channel, 8 or 16; 16 only in formats of `DEEP`.
        resize: None keeps the size.
        sharpening: of the finished size, 0 to 100; 0: none.
        colour_space: what the pixels mean.
        overlay: None: nothing is laid over.
        artist: written as its author, a template; empty: what the camera says.
        copyright: the same for its copyright.
        metadata: what is said of the shot.
    """

    name: str = "jpg"
    folder: str = "Jpg"
    file_name: str = "{stem}"
    format: Format = Format.JPEG
    quality: int = 92
    subsampling: Subsampling = Subsampling.FULL
    bits: int = 8
    resize: Resize | None = None
    sharpening: int = 0
    colour_space: ColourSpace = ColourSpace.SRGB
    overlay: Overlay | None = None
    artist: str = ""
    copyright: str = ""
    metadata: MetadataPolicy = MetadataPolicy.ALL

    @property
    def suffix(self) -> str:
        """How its files' names end."""
        return SUFFIXES[self.format]

    @property
    def media_type(self) -> str:
        """What its files are."""
        return MEDIA_TYPES[self.format]

    @property
    def names(self) -> FileNames:
        """How its files are called; raises `TemplateInvalid`, which `check_recipes` rules out."""
        return file_names(self.file_name, suffix=self.suffix)

    @property
    def digest(self) -> str:
        """What identifies it among the inputs of an output: all that decides on the bytes, 16 digits.

        Names and places are no part of it, and neither is what has its default.
        """
        return _digest(self)


@lru_cache(maxsize=64)
def _digest(recipe: Recipe) -> str:
    overlay = None if recipe.overlay is None else msgspec.structs.replace(recipe.overlay, path=b"")
    bare = Recipe()
    content = msgspec.structs.replace(
        recipe, name=bare.name, folder=bare.folder, file_name=bare.file_name, overlay=overlay
    )
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()[:16]


class RecipeInvalid(ValueError):
    """A recipe that cannot be followed.

    Attributes:
        number: its place among the recipes, from 0.
        key: what is wrong with it, or empty.
        problem: what would be right, as a part of a sentence.
    """

    def __init__(self, number: int, key: str, problem: str) -> None:
        super().__init__(f"Recipe {number + 1} is not right: {problem}.")
        self.number = number
        self.key = key
        self.problem = problem


_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_ODD: Final = re.compile(r"[\0-\x1f\x7f/\\]|^\.|[. ]$|^ ")


def check_recipes(recipes: Sequence[Recipe]) -> None:
    """Refuse recipes that cannot be followed, or that would write into each other's files.

    Raises:
        RecipeInvalid: names the first that is wrong.
    """
    for flaw in recipe_flaws(recipes):
        raise flaw


def recipe_flaws(recipes: Sequence[Recipe]) -> Iterator[RecipeInvalid]:
    """Yield what is wrong with recipes, in their order; of each recipe the first that is found."""
    if not 0 < len(recipes) <= MOST_RECIPES:
        yield RecipeInvalid(0, "", f"there must be 1 to {MOST_RECIPES} recipes")
    names: set[str] = set()
    places: dict[tuple[str, str], str] = {}
    for number, recipe in enumerate(recipes):
        place = fold(recipe.folder), recipe.suffix
        flaw = _flaw(recipe)
        if flaw is not None:
            yield RecipeInvalid(number, *flaw)
        elif fold(recipe.name) in names:
            yield RecipeInvalid(number, "name", f"another recipe is called {recipe.name} as well")
        elif place in places:
            problem = (
                f"the recipe {places[place]} writes {recipe.suffix} files into the folder {recipe.folder} as "
                "well; name another folder"
            )
            yield RecipeInvalid(number, "folder", problem)
        names.add(fold(recipe.name))
        places.setdefault(place, recipe.name)


def _flaw(recipe: Recipe) -> tuple[str, str] | None:
    if not _NAME.fullmatch(recipe.name):
        return "name", "a name is letters, digits, - and _, at most 64 of them"
    if _is_odd_folder(recipe.folder):
        return "folder", "it must be the name of one folder, and none that other programs trip over"
    if fold(recipe.folder) == fold(RAW_FOLDER):
        return "folder", f"{RAW_FOLDER} is where the RAW files are; name another folder"
    return _flaw_of_format(recipe) or _flaw_of_size(recipe.resize) or _flaw_of_texts(recipe)


def _flaw_of_format(recipe: Recipe) -> tuple[str, str] | None:
    if recipe.bits not in {8, 16}:
        return "bits", "a channel has 8 or 16 bits"
    if recipe.bits != 8 and recipe.format not in DEEP:  # noqa: PLR2004 - what every format has
        return "bits", f"{recipe.format} has 8 bits; take png or tiff for 16"
    most = 95 if recipe.format is Format.JPEG else 100
    return None if 1 <= recipe.quality <= most else ("quality", f"it must be 1 to {most}")


def _flaw_of_texts(recipe: Recipe) -> tuple[str, str] | None:
    checks: tuple[tuple[str, Callable[[], object]], ...] = (
        ("file_name", partial(file_names, recipe.file_name, suffix=recipe.suffix)),
        ("artist", partial(check_text, recipe.artist)),
        ("copyright", partial(check_text, recipe.copyright)),
    )
    for key, check in checks:
        try:
            check()
        except TemplateInvalid as error:
            return key, error.problem
    return None


def _is_odd_folder(name: str) -> bool:
    try:
        encoded = name.encode()
    except UnicodeEncodeError:
        return True
    return not 0 < len(encoded) <= LONGEST_FOLDER_BYTES or _ODD.search(name) is not None


def _flaw_of_size(resize: Resize | None) -> tuple[str, str] | None:
    if resize is None:
        return None
    wishes = (resize.long_edge, resize.short_edge, resize.box, resize.megapixels)
    if sum(wish is not None for wish in wishes) != 1:
        return "resize", "exactly one of long_edge, short_edge, box and megapixels must be set"
    return None


def size_of(resize: Resize | None, *, width: int, height: int) -> tuple[int, int]:
    """Return width and height of a picture of this size as the recipe wants it, at least one pixel each.

    Enlarging stops at `MOST_PIXELS` and `LONGEST_EDGE`.
    """
    if resize is None:
        return width, height
    factor = _factor(resize, width=width, height=height)
    if factor >= 1 and not resize.enlarge:
        return width, height
    if factor > 1:
        most = min(math.sqrt(MOST_PIXELS / (width * height)), LONGEST_EDGE / max(width, height))
        factor = min(factor, max(1.0, most))
    return max(1, _rounded(width * factor)), max(1, _rounded(height * factor))


def _factor(resize: Resize, *, width: int, height: int) -> float:
    if resize.long_edge is not None:
        return resize.long_edge / max(width, height)
    if resize.short_edge is not None:
        return resize.short_edge / min(width, height)
    if resize.box is not None:
        return min(resize.box[0] / width, resize.box[1] / height)
    assert resize.megapixels is not None
    return math.sqrt(resize.megapixels * 1e6 / (width * height))


def _rounded(length: float) -> int:
    # Not to even: 2.5 pixels are 3 whatever stands beside them.
    return math.floor(length + 0.5)
