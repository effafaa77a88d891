"""What the adjustments of a photo make of it: the look for its development, and what comes after that."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
import rawpy

from darkroomd.core.adjustment_reading import read_adjustments
from darkroomd.core.adjustments import Adjustments, Geometry
from darkroomd.core.cube_file import LARGEST_BYTES, Cube, NoCube, read_cube
from darkroomd.core.framing import framed
from darkroomd.imaging import effects, geometry, local, refusals
from darkroomd.imaging.camera_colour import camera_colour
from darkroomd.imaging.kernel import Bits, Shown
from darkroomd.imaging.light import deep
from darkroomd.imaging.look import Look, compile_look
from darkroomd.imaging.look import cube as cubes
from darkroomd.imaging.messages import Develop
from darkroomd.imaging.refusals import Refusal
from darkroomd.imaging.source import read_source

BALANCE_UNKNOWN: Final = (
    "The camera's colours are not known: the white balance as shot stays, not the one that is asked for."
)

CROP_MISSES: Final = "The crop lies beside the picture and was left out. Set another one."

_SHADOW: Final = 1 / 64
_DARKEST: Final = 128
"""Of a display value in 16 bits that is not black in 8."""


@dataclass(frozen=True, slots=True)
class Style:
    """A look, and the adjustments that it lacks: by their keys, with what there is to say of each."""

    look: Look
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def bits(self) -> Bits:
        """How deep the picture has to be for what comes after its development."""
        return 16 if self._is_worked_on else 8

    @property
    def takes_more_passes(self) -> bool:
        """Whether it computes pixels once more after their development."""
        geometry = self.look.geometry
        return self._is_worked_on or (geometry is not None and geometry.rotation_degrees != 0)

    @property
    def _is_worked_on(self) -> bool:
        look = self.look
        return any(one is not None for one in (look.cube, look.local, look.effects))

    @property
    def shows_shadows(self) -> bool:
        """Whether deep shadows are not black: only then a picture that is black all over means damage."""
        look = self.look
        return all(
            table[min(len(table) - 1, round(_SHADOW * gain * (len(table) - 1)))] > _DARKEST
            for table, gain in zip(look.tables, look.gains, strict=True)
        )


def style_of(request: Develop, raw: rawpy.RawPy) -> Style:
    """Return the style that is asked for; to be called once `raw` is unpacked.

    Raises:
        Refusal: the .cube file is not the one that was asked for, or the camera's colours are senseless.
    """
    adjustments = read_adjustments(request.adjustments).adjustments
    lut = None if request.lut is None else _lut(request.lut, request.lut_sha256)
    camera = camera_colour(raw) if adjustments.balance.absolute is not None else None
    look = compile_look(adjustments, camera=camera, lut=lut)
    return Style(look, _balance_left_out(adjustments, knows_colours=camera is not None))


def left_out(pixels: Shown, style: Style) -> Mapping[str, str]:
    """Return the adjustments that an upright picture is finished without, and what is to be said of each."""
    height, width = pixels.shape[:2]
    framing = style.look.geometry
    misses = framing is not None and framed(framing, width=width, height=height).misses
    return {**({"crop": CROP_MISSES} if misses else {}), **style.left_out}


def finish(pixels: Shown, look: Look, *, seed: bytes) -> Shown:
    """Return the picture with all that comes after its development; the one given may be changed.

    Args:
        pixels: (height, width, 3), upright, as deep as `Style.bits` says, or deeper.
        look: what it was developed with.
        seed: SHA-256 of the RAW file.
    """
    if look.cube is not None:
        cubes.apply(pixels, look.cube)
    if look.local is not None:
        pixels = deep(pixels)
        local.adjust(pixels, look.local)
    if look.geometry is not None:
        pixels = _reframed(pixels, look.geometry)
    if look.effects is not None:
        pixels = deep(pixels)
        effects.affect(pixels, look.effects, seed=seed)
    return pixels


def _reframed(pixels: Shown, framing: Geometry) -> Shown:
    if pixels.dtype == np.uint8:
        return geometry.reframed(pixels.view(np.uint8), framing)
    return geometry.reframed(deep(pixels), framing)


def _balance_left_out(adjustments: Adjustments, *, knows_colours: bool) -> dict[str, str]:
    is_followed = adjustments.balance.absolute is None or knows_colours
    return {} if is_followed else {"whiteBalance": BALANCE_UNKNOWN}


@lru_cache(maxsize=2)
def _lut(path: bytes, sha256: str) -> Cube:
    """Read the .cube file with this content; photo after photo names the same one."""
    try:
        data = read_source(path, limit_bytes=LARGEST_BYTES)
    except Refusal as refusal:
        raise refusals.lut_changed(path, refusal.failure.code) from refusal
    if hashlib.sha256(data).hexdigest() != sha256:
        raise refusals.lut_changed(path, "it has another content")
    cube = read_cube(data)
    if isinstance(cube, NoCube):
        raise refusals.lut_changed(path, cube.reason)
    return cube
