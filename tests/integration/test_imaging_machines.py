"""The same pixels whatever instructions a processor has, and nothing loaded that is not needed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

EVERYTHING = """
import hashlib
import numpy as np
from darkroomd.core.adjustments import Effects, Geometry, Local
from darkroomd.imaging import effects, geometry, local

pixels = np.random.default_rng(4).integers(0, 65536, (331, 257, 3), dtype=np.uint16)
pixels[100:200] //= 3
local.adjust(pixels, Local(sharpness=40, clarity=30, structure=-20, dehaze=50,
                           luma_noise_reduction=30, color_noise_reduction=60))
pixels = geometry.reframed(pixels, Geometry(quarter_turns=1, rotation_degrees=3.3))
effects.affect(pixels, Effects(vignette_amount=-40, vignette_roundness=-30, grain_amount=30), seed=bytes(32))
print(hashlib.sha256(pixels).hexdigest())
"""

NOTHING = """
import sys
import numpy as np
from darkroomd.core.adjustments import Crop, Effects, Geometry, Local
from darkroomd.imaging import effects, geometry, local

pixels = np.zeros((30, 40, 3), dtype=np.uint16)
local.adjust(pixels, Local())
pixels = geometry.reframed(pixels, Geometry(quarter_turns=3, crop=Crop(x=1, y=2, width=9, height=8)))
effects.affect(pixels, Effects(vignette_amount=-40), seed=bytes(32))
print("cv2" in sys.modules)
"""

STARVED = """
import resource
from pathlib import Path
import numpy as np
from darkroomd.core.adjustments import Effects, Geometry, Local
from darkroomd.imaging import effects, geometry, local

def work(pixels):
    yield lambda: local.adjust(pixels, Local(clarity=5, luma_noise_reduction=5, color_noise_reduction=4))
    yield lambda: geometry.reframed(pixels, Geometry(rotation_degrees=3))
    yield lambda: effects.affect(pixels, Effects(grain_amount=3), seed=bytes(32))

for each in work(np.zeros((64, 64, 3), dtype=np.uint16)):
    each()
pixels = np.full((2000, 3000, 3), 20000, dtype=np.uint16)
held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + (10 << 20),) * 2)
for each in work(pixels):
    try:
        each()
    except MemoryError:
        print("too little memory")
"""

PLAIN = {
    "OPENCV_CPU_DISABLE": "AVX512-SKX,AVX2,FP16,AVX,FMA3,SSE4.2,SSE4.1",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 X86_V3 AVX512_SPR AVX512_ICL",
}
"""What takes the vector instructions of this century from OpenCV and numpy; unknown names are ignored."""


def said(program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="names of x86's instructions")
def test_an_old_processor_makes_the_same_pixels() -> None:
    assert said(EVERYTHING, **PLAIN) == said(EVERYTHING)


def test_opencv_is_not_loaded_where_no_neighbours_are_compared() -> None:
    assert said(NOTHING) == "False"


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory in /proc")
def test_too_little_memory_is_told_as_such_by_every_tool() -> None:
    assert said(STARVED).splitlines() == ["too little memory"] * 3
