"""How long each adjustment takes that looks at neighbours, moves pixels or adds an effect, at 24 megapixels.

Run by hand: python tests/bench/look.py [--runs 3] [--megapixels 24]
Works on a generated picture in this process, the tools in turn, so that a busy machine slows all alike.
Figures are wall seconds (minimum and median) on one thread and on two, and the memory that a tool took beyond
the picture itself.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

# In place of this folder, whose `queue` would stand in for Python's.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from numpy.typing import NDArray

from darkroomd.core.adjustments import Effects, Geometry, Local
from darkroomd.imaging import effects, geometry, local

Pixels = NDArray[np.uint16]
Tool = Callable[[Pixels, int], object]

SEED = bytes(range(32))
EVERYTHING = Local(
    sharpness=50, clarity=50, structure=50, dehaze=50, luma_noise_reduction=50, color_noise_reduction=50
)


def near(wanted: Local) -> Tool:
    return lambda pixels, threads: local.adjust(pixels, wanted, threads=threads)


def moved(wanted: Geometry) -> Tool:
    return lambda pixels, threads: geometry.reframed(pixels, wanted, threads=threads)


def affected(wanted: Effects) -> Tool:
    return lambda pixels, threads: effects.affect(pixels, wanted, seed=SEED, threads=threads)


TOOLS = {
    "sharpness": near(Local(sharpness=50)),
    "clarity": near(Local(clarity=50)),
    "structure": near(Local(structure=50)),
    "dehaze": near(Local(dehaze=50)),
    "luma noise": near(Local(luma_noise_reduction=50)),
    "colour noise": near(Local(color_noise_reduction=50)),
    "all of these": near(EVERYTHING),
    "quarter turn": moved(Geometry(quarter_turns=1)),
    "rotation by 3°": moved(Geometry(rotation_degrees=3)),
    "vignette": affected(Effects(vignette_amount=-50)),
    "grain": affected(Effects(grain_amount=50)),
    "coarse grain": affected(Effects(grain_amount=50, grain_size=100)),
}


def picture(megapixels: float) -> Pixels:
    """Return patches with noise, 3 : 2."""
    rng = np.random.default_rng(2)
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    width = round(height * 1.5)
    coarse = rng.integers(0, 62_000, (height // 100 + 1, width // 100 + 1, 3), dtype=np.uint16)
    pixels = coarse.repeat(100, axis=0).repeat(100, axis=1)[:height, :width].copy()
    for top in range(0, height, 256):
        strip = pixels[top : top + 256]
        strip += rng.integers(0, 3000, strip.shape, dtype=np.uint16)
    return pixels


def peak_mb() -> float:
    """Return the most memory held since it was last forgotten."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def timed(tool: Tool, pixels: Pixels, *, threads: int) -> tuple[float, float]:
    """Return the seconds of one run and the MB it took."""
    forget_peak()
    before, since = peak_mb(), time.perf_counter()
    tool(pixels, threads)
    return time.perf_counter() - since, peak_mb() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--megapixels", type=float, default=24.0)
    arguments = parser.parse_args()
    original = picture(arguments.megapixels)
    pixels = original.copy()
    for tool in TOOLS.values():  # what is loaded or made once
        tool(picture(0.1), 2)
    costs = {(name, threads): list[tuple[float, float]]() for name in TOOLS for threads in (1, 2)}
    for _ in range(arguments.runs):
        for (name, threads), runs in costs.items():
            pixels[...] = original
            runs.append(timed(TOOLS[name], pixels, threads=threads))
    print(f"{'':16} {'1 thread':>16} {'2 threads':>16} {'MB':>6}")
    for name in TOOLS:
        one, two = (costs[name, threads] for threads in (1, 2))
        seconds = [
            f"{min(run[0] for run in runs):7.2f} {statistics.median(run[0] for run in runs):7.2f} s"
            for runs in (one, two)
        ]
        print(f"{name:16} {seconds[0]} {seconds[1]} {max(run[1] for run in two):6.0f}")


if __name__ == "__main__":
    main()
