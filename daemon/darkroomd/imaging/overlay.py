"""Watermarks, logos and frames: a PNG with transparency that is laid over a picture."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from darkroomd.core.recipes import LARGEST_OVERLAY_BYTES, Anchor, Overlay
from darkroomd.imaging.light import Picture, deep
from darkroomd.imaging.refusals import Refusal, error_name, readable

LIMIT_PIXELS: Final = 64_000_000
"""Of an overlay."""

_HORIZONTAL: Final = {
    Anchor.TOP_LEFT: 0.0,
    Anchor.LEFT: 0.0,
    Anchor.BOTTOM_LEFT: 0.0,
    Anchor.TOP_RIGHT: 1.0,
    Anchor.RIGHT: 1.0,
    Anchor.BOTTOM_RIGHT: 1.0,
}
_VERTICAL: Final = {
    Anchor.TOP_LEFT: 0.0,
    Anchor.TOP: 0.0,
    Anchor.TOP_RIGHT: 0.0,
    Anchor.BOTTOM_LEFT: 1.0,
    Anchor.BOTTOM: 1.0,
    Anchor.BOTTOM_RIGHT: 1.0,
}


class OverlayUnusable(ValueError):
    """The bytes are no PNG that can be laid over a picture; the text is a part of a sentence."""


def read_overlay(content: bytes) -> Image.Image:
    """Return the picture in a PNG file as RGBA, 8 bits a channel; raise `OverlayUnusable`."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
            if picture.width * picture.height > LIMIT_PIXELS:
                raise OverlayUnusable(
                    f"its {picture.width} by {picture.height} pixels are more than {LIMIT_PIXELS}"
                )
            return picture.convert("RGBA")
    except UnidentifiedImageError as error:
        # Its words name the buffer by its place in memory: no news to anybody, and others each time.
        raise OverlayUnusable("it is no PNG that can be read") from error
    # What a hostile file makes Pillow raise is no closed list.
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        if isinstance(error, OverlayUnusable):
            raise
        raise OverlayUnusable(f"it is no PNG that can be read ({error})") from error


def laid_over(pixels: Picture, wish: Overlay) -> NDArray[np.uint16]:
    """Return the picture with the overlay on it, blended on encoded values as design programs do.

    Raises:
        Refusal: the overlay's file is gone or is not the one that the recipe was read with.
    """
    height, width = pixels.shape[:2]
    result = deep(pixels).copy()
    stamp, left, top = _placed(_loaded(wish), wish, width=width, height=height)
    # What hangs over the edges, as a mark can that is larger than the picture, is cut off.
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + stamp.width), min(height, top + stamp.height)
    if x0 >= x1 or y0 >= y1:
        return result
    rgba = np.asarray(stamp.crop((x0 - left, y0 - top, x1 - left, y1 - top))).astype(np.uint64)
    alpha = rgba[..., 3:] * round(wish.opacity_percent * 100)
    full = np.uint64(255 * 10_000)
    under = result[y0:y1, x0:x1].astype(np.uint64)
    mixed = under * (full - alpha) + rgba[..., :3] * np.uint64(257) * alpha
    result[y0:y1, x0:x1] = (mixed + full // 2) // full
    return result


def _placed(stamp: Image.Image, wish: Overlay, *, width: int, height: int) -> tuple[Image.Image, int, int]:
    """Return the overlay in its size, and where its upper left corner stands."""
    if wish.anchor is Anchor.FRAME:
        return _scaled(stamp, width, height), 0, 0
    short = min(width, height)
    factor = short * wish.scale_percent / 100 / max(stamp.size)
    scaled = _scaled(stamp, round(stamp.width * factor), round(stamp.height * factor))
    margin = round(short * wish.margin_percent / 100)
    across, down = _HORIZONTAL.get(wish.anchor, 0.5), _VERTICAL.get(wish.anchor, 0.5)
    left = margin + round((width - scaled.width - 2 * margin) * across)
    top = margin + round((height - scaled.height - 2 * margin) * down)
    return scaled, left, top


def _scaled(stamp: Image.Image, width: int, height: int) -> Image.Image:
    size = max(1, width), max(1, height)
    # Pillow scales RGBA with premultiplied alpha: nothing of the colour under full transparency shows.
    return stamp if size == stamp.size else stamp.resize(size, Image.Resampling.LANCZOS)


def _loaded(wish: Overlay) -> Image.Image:
    try:
        return _read_once(wish.path, wish.digest, _stamp_of(wish.path))
    except OSError as error:
        raise _gone(wish.path, error_name(error)) from error


def _stamp_of(path: bytes) -> tuple[int, ...]:
    found = os.stat(path)  # noqa: PTH116 - the path is bytes
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@lru_cache(maxsize=4)
def _read_once(path: bytes, digest: str, _stamp: tuple[int, ...]) -> Image.Image:
    """Read a file that nobody has touched since its stamp was taken, photo after photo, only once."""
    content = _read(path)
    if hashlib.sha256(content).hexdigest() != digest:
        raise _gone(path, "changed")
    try:
        return read_overlay(content)
    except OverlayUnusable as error:
        raise Refusal(
            "recipe.overlay_unusable",
            f"The overlay of a recipe cannot be used: {error}. Put another PNG file in its place and run "
            "`darkroom reload`.",
            transient=True,
            context={"path": readable(path)},
            environment=True,
        ) from error


def _read(path: bytes) -> bytes:
    # A pipe in the file's place must not be waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - takes a descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return file.read(LARGEST_OVERLAY_BYTES + 1)


def _gone(path: bytes, reason: str) -> Refusal:
    return Refusal(
        "recipe.overlay_changed",
        "The overlay of a recipe is not the file that it was when the configuration was read. Put it back, "
        "or run `darkroom reload` to work with the new one.",
        transient=True,
        context={"path": readable(path), "reason": reason},
        environment=True,
    )
