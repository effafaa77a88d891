"""How close a developed mosaic comes to the picture it was made of: the kernel beside LibRaw's methods.

Run by hand: python tests/bench/quality.py [--crops DIR]
Pictures with all three colours at every pixel are mosaiced and developed again: those that camera files give
where each cell of a mosaic becomes one pixel, and two that are drawn. PSNR in dB and SSIM are taken over
sRGB values. Crops, three times enlarged and side by side, are for looking at.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

import numpy as np
import rawpy
from numpy.typing import NDArray
from PIL import Image

sys.path.pop(0)  # this folder, whose `queue` would stand in for Python's
sys.path.insert(0, str(Path(__file__).parents[1]))

from darkroomd.imaging import kernel, srgb
from darkroomd.imaging.dng import Sensor, dng_bytes
from make import raws

Picture = NDArray[np.float64]

PLAIN_SENSOR = Sensor(black=0, white=65_535, from_srgb=((1, 0, 0), (0, 1, 0), (0, 0, 1)))
PATTERN = np.array([[0, 1], [3, 2]])
METHODS = ("AHD", "DHT", "PPG")
EDGE = 8
"""Pixels that are not compared: everyone has less to interpolate from there."""
CROP = 96
CAMERA_FILES = ("synth_bayer_24mp.dng", "canon_s40.crw", "canon_550d_chart.dng")


def binned(path: Path) -> Picture:
    """Return a camera file's picture of half the size, balanced: a cell of the mosaic is a pixel."""
    with rawpy.imread(str(path)) as raw:
        values = raw.raw_image_visible.astype(np.float64) - min(raw.black_level_per_channel)
        balance = np.array(raw.camera_whitebalance[:3])
        reach = raw.white_level - min(raw.black_level_per_channel)
    height, width = (side // 2 * 2 for side in values.shape)
    cells = values[:height, :width]
    green = (cells[::2, 1::2] + cells[1::2, ::2]) / 2
    picture = np.stack([cells[::2, ::2], green, cells[1::2, 1::2]], axis=-1)
    return np.clip(picture / reach * balance / balance.min(), 0, 1)


def zone_plate(*, side: int = 600) -> Picture:
    """Return rings that become finer outwards, up to what a mosaic cannot hold."""
    y, x = np.mgrid[:side, :side]
    rings = 0.5 + 0.45 * np.cos((x**2 + y**2) * (np.pi / (2.4 * side)))
    return rings[..., None] * np.array([1.0, 0.9, 0.7])


def patches(*, side: int = 600) -> Picture:
    """Return small fields of chance colours with soft edges."""
    colours = np.random.default_rng(3).random((side // 10, side // 10, 3)) ** 2
    sharp = np.kron(colours, np.ones((10, 10, 1)))
    across = (np.roll(sharp, 1, 1) + sharp + np.roll(sharp, -1, 1)) / 3
    return (np.roll(across, 1, 0) + across + np.roll(across, -1, 0)) / 3


def truths() -> dict[str, Picture]:
    """Return the pictures by their names."""
    drawn = {"zone plate": zone_plate(), "patches": patches()}
    folder = raws()
    shot: dict[str, Picture] = {}
    for name in CAMERA_FILES if folder else ():
        path = Path(str(folder), name)
        if path.exists():
            shot[name] = binned(path)[:1400, :1800]
    return shot | drawn


def mosaiced(truth: Picture) -> NDArray[np.uint16]:
    """Return what a sensor with red at its corner keeps of a picture."""
    values = np.empty(truth.shape[:2])
    for row, column, colour in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        values[row::2, column::2] = truth[row::2, column::2, colour]
    return np.rint(values * 65_535).astype(np.uint16)


def by_kernel(mosaic: NDArray[np.uint16]) -> Picture:
    """Return the kernel's picture: linear, 0 to 1."""
    straight = np.stack([np.arange(65_536)] * 3).astype(np.uint16)
    even = {"black": np.zeros((2, 2)), "scale": np.full((2, 2), 1 / 65_535), "matrix": np.eye(3)}
    return kernel.develop(mosaic, pattern=PATTERN, tables=straight, bits=16, **even) / 65_535


def by_libraw(mosaic: NDArray[np.uint16], method: str) -> Picture:
    """Return LibRaw's picture by one of its methods: linear, 0 to 1."""
    blob = dng_bytes(np.repeat(mosaic[..., None] / 65_535, 3, axis=2), sensor=PLAIN_SENSOR)
    with rawpy.imread(io.BytesIO(blob)) as raw:
        pixels = raw.postprocess(
            demosaic_algorithm=rawpy.DemosaicAlgorithm[method],
            output_color=rawpy.ColorSpace.raw,
            gamma=(1, 1),
            output_bps=16,
            no_auto_bright=True,
            adjust_maximum_thr=0.0,
            user_sat=65_535,
            user_wb=[1, 1, 1, 1],
        )
    return pixels / 65_535


def psnr(shown: Picture, truth: Picture) -> float:
    """Return the ratio of white to the mean error, in dB."""
    return float(-10 * np.log10(np.mean((shown - truth) ** 2)))


def mean_of_window(values: Picture, side: int = 8) -> Picture:
    """Return the mean of every window of side by side pixels."""
    sums = np.pad(values, ((1, 0), (1, 0), (0, 0))).cumsum(0).cumsum(1)
    whole = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return np.asarray(whole / side**2, dtype=np.float64)


def ssim(one: Picture, two: Picture) -> float:
    """Return the structural similarity of Wang et al. (2004), over windows of eight by eight."""
    mean_1, mean_2 = mean_of_window(one), mean_of_window(two)
    spread = mean_of_window(one**2) - mean_1**2 + mean_of_window(two**2) - mean_2**2
    shared = mean_of_window(one * two) - mean_1 * mean_2
    a, b = 0.01**2, 0.03**2
    return float(
        np.mean((2 * mean_1 * mean_2 + a) * (2 * shared + b) / ((mean_1**2 + mean_2**2 + a) * (spread + b)))
    )


def inner(linear: Picture) -> Picture:
    """Return sRGB values without the edge."""
    return srgb.to_encoded(np.clip(linear, 0, 1))[EDGE:-EDGE, EDGE:-EDGE]


def write_crop(path: Path, pictures: list[Picture], truth: Picture) -> None:
    """Write the place of the most detail side by side, the truth first."""
    light = truth.mean(axis=2)
    detail = np.abs(np.diff(light, axis=0))[:, :-1] + np.abs(np.diff(light, axis=1))[:-1]
    busy = mean_of_window(detail[..., None], CROP)[..., 0]
    top, left = np.unravel_index(int(busy.argmax()), busy.shape)
    crops = [picture[top : top + CROP, left : left + CROP] for picture in (truth, *pictures)]
    pixels = np.rint(np.concatenate(crops, axis=1) * 255).astype(np.uint8)
    Image.fromarray(np.kron(pixels, np.ones((3, 3, 1), np.uint8))).save(path)


def main(crops: Path | None) -> int:
    """Print a line for each picture; the status is 1 where the kernel is not within 0.1 dB of the best."""
    margins: list[float] = []
    for name, truth in truths().items():
        mosaic = mosaiced(truth)
        linear = {"kernel": by_kernel(mosaic)} | {each: by_libraw(mosaic, each) for each in METHODS}
        shown, wanted = {each: inner(picture) for each, picture in linear.items()}, inner(truth)
        ratios = {each: psnr(picture, wanted) for each, picture in shown.items()}
        margins.append(ratios["kernel"] - max(ratios[each] for each in METHODS))
        line = "  ".join(
            f"{each} {ratios[each]:5.2f} dB {ssim(picture, wanted):.4f}" for each, picture in shown.items()
        )
        print(f"{name:22} {line}")
        if crops is not None:
            crops.mkdir(parents=True, exist_ok=True)
            write_crop(crops / f"{name.replace(' ', '_')}.png", list(shown.values()), wanted)
    print(f"the kernel against the best of LibRaw, on the average: {np.mean(margins):+.2f} dB")
    return int(float(np.mean(margins)) < -0.1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--crops", type=Path)
    sys.exit(main(parser.parse_args().crops))
