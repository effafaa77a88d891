"""Adjustments that compare neighbours: noise reduction, sharpness, clarity, structure and dehaze."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.core.adjustments import Local
from darkroomd.imaging import strips

Single = NDArray[np.float32]
Step = Callable[[tuple[Single, Single, Single], Single, slice], None]
"""Changes some rows in place: their red, green and blue, given their luma and which they are."""

_FULL: Final = 65_535
_HUNDRED: Final = 100.0


def adjust(pixels: NDArray[np.uint16], local: Local, *, threads: int = strips.THREADS) -> None:
    """Adjust a picture in place: (height, width, 3) uint16, display values, contiguous and writable.

    Noise goes first, then local contrast is added, then haze is taken away; each is found in the picture as
    it came, or with less noise. Besides the picture it takes a plane or two of luma and little more. The
    bytes are the same for any number of threads. Where nothing is set, nothing is loaded nor changed.

    Raises:
        MemoryError: there is too little.
    """
    if not any(astuple(local)):
        return
    from darkroomd.imaging import luma, noise, planes  # noqa: PLC0415 - loads OpenCV

    with planes.memory_told():
        plane = luma.of_picture(pixels, threads=threads)
        calm = plane
        if local.luma_noise_reduction:
            calm = noise.calmed(plane, strength=local.luma_noise_reduction / _HUNDRED, threads=threads)
        steps = _steps(pixels, calm, local, threads=threads)

        def finish(rows: slice) -> None:
            red, green, blue = (channel.astype(np.float32) for channel in planes.parts(pixels[rows]))
            light = calm[rows].astype(np.float32)
            if calm is not plane:
                less = light - plane[rows]
                red += less
                green += less
                blue += less
            for step in steps:
                step((red, green, blue), light, rows)
            planes.merge_into(pixels[rows], (_whole(red), _whole(green), _whole(blue)))

        strips.each(finish, strips.strips(pixels.shape[0], width=pixels.shape[1]), threads=threads)


def _steps(
    pixels: NDArray[np.uint16], plane: NDArray[np.uint16], local: Local, *, threads: int
) -> list[Step]:
    """Return what is to be done to every strip, in order."""
    from darkroomd.imaging import contrast, haze, noise  # noqa: PLC0415 - loads OpenCV

    steps = list[Step]()
    if local.color_noise_reduction:
        strength = local.color_noise_reduction / _HUNDRED
        steps.append(noise.colour_noise(pixels, strength=strength, threads=threads).apply)
    if local.sharpness or local.clarity or local.structure:
        steps.append(contrast.local_contrast(plane, local, threads=threads).apply)
    if local.dehaze:
        steps.append(haze.haze(pixels, amount=local.dehaze / _HUNDRED, threads=threads).apply)
    return steps


def _whole(channel: Single) -> NDArray[np.uint16]:
    np.rint(channel, out=channel)
    np.clip(channel, np.float32(0), np.float32(_FULL), out=channel)
    return channel.astype(np.uint16)
