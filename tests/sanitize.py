"""Run the kernel under the address and undefined-behaviour sanitizers, over all sizes, orders and parts.

Run by hand: python tests/sanitize.py. Needs gcc or clang with its sanitizers; a finding is status 1.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
IMAGING: Final = HERE.parent / "daemon" / "darkroomd" / "imaging"
FLAGS: Final = (
    "-std=c11", "-O1", "-g", "-ffp-contract=off", "-fno-omit-frame-pointer", "-fPIC", "-shared",
    "-Wall", "-Wextra", "-Werror",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
)  # fmt: skip

SIZES: Final = (*range(2, 20), 33, 64, 101)
WORK: Final = """
import sys
import numpy as np
import _kernel
import kernel_reference

chance = np.random.default_rng(1)
tables = chance.integers(0, 65536, (3, 65536)).astype(np.uint16)
cells = [[0, 1], [3, 2]], [[2, 3], [1, 0]], [[1, 0], [2, 3]], [[3, 2], [0, 1]]
patterns = [np.array(cell) for cell in cells]
runs = 0
for height in SIZES:
    for width in SIZES:
        for pattern in patterns:
            # Rows end where the memory ends, so that one value too many is seen.
            mosaic = chance.integers(0, 65536, (height, width)).astype(np.uint16)
            numbers = [
                chance.normal(size=(3, 3)).astype(np.float32),
                chance.uniform(0, 2000, (2, 2)).astype(np.float32),
                (chance.uniform(0.9, 3, (2, 2)) / 60000).astype(np.float32),
            ]
            row, column = (int(at[0]) for at in np.nonzero(pattern == 0))
            middle = int(chance.integers(0, height + 1))
            out = np.zeros((height, width, 3), np.uint16)
            for top, bottom in ((0, middle), (middle, height)):
                _kernel.develop(mosaic, out, tables, *numbers, row, column, top, bottom)
            wanted = kernel_reference.developed(
                mosaic, pattern=pattern, matrix=numbers[0], black=numbers[1], scale=numbers[2], tables=tables
            )
            assert (out == wanted).all(), (height, width, pattern.tolist())
            _kernel.tint(out.copy(), out, tables, numbers[0], 0, height)
            runs += 1
print(f"{runs} pictures, no finding")
""".replace("SIZES", repr(SIZES))


def main() -> int:
    """Build the instrumented module, run it, and return the exit status."""
    compiler = os.environ.get("CC", "gcc")
    with tempfile.TemporaryDirectory() as scratch:
        module = Path(scratch) / "_kernel.abi3.so"
        sources = [str(IMAGING / name) for name in ("kernel.c", "kernel_module.c")]
        include = f"-I{sysconfig.get_paths()['include']}"
        subprocess.run([compiler, *FLAGS, include, *sources, "-o", str(module)], check=True)
        # The interpreter is not instrumented: the sanitizer has to be there before anything else is.
        runtime = subprocess.run(
            [compiler, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
        ).stdout.strip()
        environment = os.environ | {
            "LD_PRELOAD": runtime,
            "ASAN_OPTIONS": "detect_leaks=0",
            "PYTHONMALLOC": "malloc",
            "PYTHONPATH": os.pathsep.join((scratch, str(HERE))),
        }
        return subprocess.run([sys.executable, "-c", WORK], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
