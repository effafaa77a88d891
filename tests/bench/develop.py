"""How long development takes, by stage, in a warm worker, and what it costs in memory.

Run by hand: python tests/bench/develop.py [--runs 3]
Develops each camera file that this machine has (see `make.raws`), or a generated one.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).parents[1]))

from darkroomd import logs
from darkroomd.imaging.messages import Developed, Refused, Stage
from darkroomd.services.executor import ExecutorOptions, LocalExecutor
from darkroomd.services.worker_process import WorkerSettings
from make import make_develop, make_dng, raws


def sources(folder: Path) -> list[Path]:
    """Return the camera files, or one generated picture where there are none."""
    camera_files = raws()
    if camera_files is None:
        return [make_dng(folder / "generated.dng", width=3_000, height=2_000)]
    return sorted(path for path in camera_files.iterdir() if path.is_file() and path.suffix != ".md")


def peak_megabytes(pid: int | None) -> int:
    """Return the most memory the worker ever held."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1_000


def ignore(_stage: Stage) -> None:
    """Nobody watches a benchmark."""


async def measure(executor: LocalExecutor, source: Path, part: Path, runs: int) -> str:
    """Return a line of medians for one file."""
    whole: list[float] = []
    stages: dict[str, list[float]] = {}
    for _ in range(runs):
        since = time.perf_counter()
        answer: Developed | Refused = await executor.develop(
            make_develop(source, part=part), deadline_seconds=600, on_stage=ignore
        )
        whole.append(time.perf_counter() - since)
        if isinstance(answer, Refused):
            return f"{source.name:28} {answer.failure.code}"
        for stage, seconds in answer.stage_seconds.items():
            stages.setdefault(stage, []).append(seconds)
    medians = "  ".join(f"{stage} {statistics.median(seconds):6.3f}" for stage, seconds in stages.items())
    peak = peak_megabytes(executor.worker_pid)
    return f"{source.name:28} {statistics.median(whole):6.2f} s   {medians}   peak {peak} MB"


async def main(runs: int) -> None:
    """Measure all files and the start of a worker."""
    logs.configure(logs.LogFormat.CONSOLE, "warning")
    options = ExecutorOptions(worker=WorkerSettings(log_level="warning"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for source in sources(folder):
            async with LocalExecutor(options) as executor:
                since = time.perf_counter()
                await executor.warm()
                start = time.perf_counter() - since
                print(await measure(executor, source, folder / "part", runs), f"  start {start:.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    anyio.run(main, parser.parse_args().runs)
