"""Draws the pictures of `docs/look-local.md`: a scene under each control at either end and at rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from darkroomd.core.adjustments import Crop, Effects, Geometry, Local
from darkroomd.imaging import effects, geometry, local

Pixels = NDArray[np.uint16]

PAGES: Final = Path(__file__).parents[1] / "docs" / "look"

HEIGHT: Final = 132
WIDTH: Final = 200
GAP: Final = 6
SEED: Final = bytes(range(32))


def scene() -> Pixels:
    """Return hills behind each other under a sky, a disc with a grating, and a wall: (h, w, 3) uint16."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    picture = np.stack([0.55 + 0.002 * down, 0.66 + 0.001 * down, 0.82 + 0 * down], axis=-1)
    hills = ((52, 11, (0.42, 0.50, 0.55)), (72, 7, (0.27, 0.38, 0.30)), (96, 4, (0.20, 0.24, 0.12)))
    for top, period, colour in hills:
        edge = top + 9 * np.sin(across / (3 * period)) + 3 * np.sin(across / period)
        texture = 0.03 * np.sin(across / 1.3 + down) * np.sin(down / 1.7) + 0.05 * np.sin(down / period)
        picture = np.where(
            (down > edge)[..., np.newaxis], np.array(colour) + texture[..., np.newaxis], picture
        )
    disc = (across - 52) ** 2 + (down - 62) ** 2 < 27**2
    grating = 0.5 + 0.18 * np.sin((across - 20) ** 2 / 160)
    picture = np.where(disc[..., np.newaxis], grating[..., np.newaxis] * np.array([1.0, 0.75, 0.55]), picture)
    wall = (across > 148) & (down > 30) & (down < 112)
    bricks = 0.62 - 0.12 * ((down % 12 < 2) | ((across + 10 * (down // 12 % 2)) % 20 < 2))
    picture = np.where(wall[..., np.newaxis], bricks[..., np.newaxis] * np.array([0.95, 0.9, 0.85]), picture)
    return sixteen_bits(picture)


def sixteen_bits(values: NDArray[np.float64]) -> Pixels:
    """Return values of 0-1 as display values."""
    return np.rint(np.clip(values, 0.0, 1.0) * 65_535).astype(np.uint16)


def noisy() -> Pixels:
    """Return the scene as a camera sees it in little light."""
    noise = np.random.default_rng(3).normal(0.0, 0.045, (HEIGHT, WIDTH, 3))
    return sixteen_bits(scene() / 65_535 + noise)


def hazy() -> Pixels:
    """Return the scene through air that hides more of it the farther it is."""
    light = np.clip(np.linspace(0.25, 0.95, HEIGHT), 0.35, 1.0)[:, np.newaxis, np.newaxis]
    return sixteen_bits(scene() / 65_535 * light + np.array([0.84, 0.86, 0.88]) * (1 - light))


def near(pixels: Pixels, wanted: Local) -> Pixels:
    """Return a picture under local adjustments."""
    local.adjust(pixels, wanted)
    return pixels


def affected(wanted: Effects) -> Pixels:
    """Return the scene under effects."""
    pixels = scene()
    effects.affect(pixels, wanted, seed=SEED)
    return pixels


def framed(wanted: Geometry) -> Pixels:
    """Return the scene turned or cut, on white."""
    part = geometry.reframed(scene(), wanted)[:HEIGHT, :WIDTH]
    page = np.full((HEIGHT, WIDTH, 3), 65_535, dtype=np.uint16)
    top, left = (HEIGHT - part.shape[0]) // 2, (WIDTH - part.shape[1]) // 2
    page[top : top + part.shape[0], left : left + part.shape[1]] = part
    return page


def drawings() -> Iterator[tuple[str, list[Pixels]]]:
    """Yield by name what is drawn side by side."""
    for name in ("sharpness", "clarity", "structure"):
        yield name, [near(scene(), Local(**{name: amount})) for amount in (-100, 0, 100)]
    yield "dehaze", [near(hazy(), Local(dehaze=amount)) for amount in (-100, 0, 100)]
    for key, name in (("luma_noise_reduction", "noise-luma"), ("color_noise_reduction", "noise-colour")):
        yield name, [near(noisy(), Local(**{key: amount})) for amount in (0, 50, 100)]
    yield "vignette", [affected(Effects(vignette_amount=amount)) for amount in (-100, 0, 100)]
    yield (
        "vignette-shape",
        [
            affected(Effects(vignette_amount=-80, vignette_feather=20, vignette_roundness=roundness))
            for roundness in (-100, 0, 100)
        ],
    )
    yield "grain", [affected(Effects(grain_amount=amount)) for amount in (0, 50, 100)]
    yield "grain-size", [affected(Effects(grain_amount=60, grain_size=size)) for size in (0, 50, 100)]
    yield (
        "geometry",
        [
            framed(Geometry(rotation_degrees=8)),
            framed(Geometry(rotation_degrees=8, crop=Crop(x=0, y=0, width=WIDTH, height=HEIGHT))),
            framed(Geometry(flip_horizontal=True, crop=Crop(x=20, y=20, width=160, height=90))),
        ],
    )


if __name__ == "__main__":
    PAGES.mkdir(parents=True, exist_ok=True)
    for name, pictures in drawings():
        padded = [np.pad(each, ((0, 0), (0, GAP), (0, 0)), constant_values=65_535) for each in pictures]
        shown = (np.hstack(padded)[:, :-GAP] >> 8).astype(np.uint8)
        Image.fromarray(shown).quantize(256).save(PAGES / f"{name}.png", optimize=True)
