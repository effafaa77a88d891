"""How long development takes: file to JPEG in a warm worker, beside what people script today, interleaved.

Run by hand: python tests/bench/develop.py [FILE …] [--runs 5] [--without-peers]
Develops the named files, or those below that this machine has (see `make.raws`), or a generated one. Peers
are Debian's libraw-bin with libjpeg-turbo-progs, darktable and rawtherapee; those that are not there are
named and left out. Figures are medians (and minima) of wall seconds, CPU seconds and the peak of memory.
"""

from __future__ import annotations

import argparse
import io
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

# In place of this folder, whose `queue` would stand in for Python's.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

import anyio
import numpy as np
import rawpy
from PIL import Image

from darkroomd import logs
from darkroomd.imaging.messages import Refused, Stage
from darkroomd.logs.levels import Levels
from darkroomd.services.executor import ExecutorOptions, LocalExecutor
from darkroomd.services.worker_process import WorkerSettings
from make import make_develop, make_dng, raws

FILES = ("synth_bayer_24mp.dng", "canon_s40.crw", "synth_xtrans_16mp.dng", "synth_linear_3mp_rot.dng")
QUALITY = 92
TICKS = os.sysconf("SC_CLK_TCK")

DARKTABLE = (
    "darktable-cli {source} {out}.jpg --core --disable-opencl --configdir {out}.home --library :memory: "
    "--conf plugins/imageio/format/jpeg/quality={quality}"
)
PEERS = {
    "dcraw_emu -q 3 + cjpeg": "dcraw_emu -w -q 3 -Z {out}.ppm {source} && "
    "cjpeg -quality {quality} -sample 1x1 -outfile {out}.jpg {out}.ppm",
    "darktable light": f"{DARKTABLE} --conf plugins/darkroom/workflow=none",
    "darktable default": DARKTABLE,
    "rawtherapee neutral": "rawtherapee-cli -q -o {out}.jpg -j{quality} -js3 -Y -c {source}",
    "rawtherapee default": "rawtherapee-cli -q -d -o {out}.jpg -j{quality} -js3 -Y -c {source}",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one development took."""

    wall: float
    cpu: float
    peak_mb: float


@dataclass(slots=True)
class Figures:
    """The costs of one contender so far; `note` says why there are none."""

    costs: list[Cost] = field(default_factory=list)
    note: str = ""

    def line(self, name: str, *, ours: float) -> str:
        if not self.costs:
            return f"  {name:24} {self.note}"
        wall, cpu = [cost.wall for cost in self.costs], [cost.cpu for cost in self.costs]
        median = statistics.median(wall)
        return (
            f"  {name:24} {median:6.2f} s (least {min(wall):5.2f})  cpu {statistics.median(cpu):6.2f} s  "
            f"peak {max(cost.peak_mb for cost in self.costs):5.0f} MB  {median / ours:5.2f} x ours"
        )


def sources(folder: Path, named: list[Path]) -> list[Path]:
    """Return the files to develop."""
    if named:
        return named
    camera_files = raws()
    if camera_files is None:
        return [make_dng(folder / "generated.dng", width=3_000, height=2_000)]
    return [camera_files / name for name in FILES if (camera_files / name).exists()]


def by_command(command: str, folder: Path) -> Cost:
    """Run a command to its end, with nothing left of the one before it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    since = time.perf_counter()
    with subprocess.Popen(
        ["/bin/sh", "-c", command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise OSError(f"`{command}` ended with status {child.returncode}.")
    return Cost(time.perf_counter() - since, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1_000)


def limit(source: Path, pixels: Image.Image) -> Cost:
    """Unpack and encode, with nothing in between: what no kernel can undercut."""
    wall, cpu = time.perf_counter(), time.process_time()
    with rawpy.RawPy() as raw:
        raw.open_buffer(io.BytesIO(source.read_bytes()))
        raw.unpack()
    pixels.save(io.BytesIO(), "JPEG", quality=QUALITY, subsampling=0)
    return Cost(time.perf_counter() - wall, time.process_time() - cpu, 0)


def worker_cpu(pid: int) -> float:
    """Return the CPU seconds that a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def worker_peak(pid: int) -> float:
    """Return the most memory that a process ever held, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1_000


def ignore(_stage: Stage) -> None:
    """Nobody watches a benchmark."""


class Ours:
    """The worker as the daemon runs it; `stages` holds what its last answer said of itself."""

    def __init__(self, executor: LocalExecutor, source: Path, part: Path) -> None:
        self._executor = executor
        self._source = source
        self._part = part
        self.stages: dict[str, float] = {}

    async def develop(self) -> Cost:
        (pid,) = self._executor.worker_pids
        cpu, since = worker_cpu(pid), time.perf_counter()
        request = make_develop(self._source, part=self._part, quality=QUALITY)
        answer = await self._executor.develop(request, deadline_seconds=600, on_stage=ignore)
        wall = time.perf_counter() - since
        if isinstance(answer, Refused):
            raise OSError(f"{self._source.name}: {answer.failure.code}")
        self.stages = answer.stage_seconds
        return Cost(wall, worker_cpu(pid) - cpu, worker_peak(pid))


def peer_runs(source: Path, folder: Path) -> dict[str, str]:
    """Return the peers' command lines by their names; the empty one is not installed."""
    words = {"source": shlex.quote(str(source)), "out": shlex.quote(str(folder / "out")), "quality": QUALITY}
    return {
        name: command.format(**words) if shutil.which(command.split()[0]) else ""
        for name, command in PEERS.items()
    }


async def compare(source: Path, folder: Path, *, runs: int, with_peers: bool) -> None:
    """Print what each contender takes for one file, having run them in turns."""
    options = ExecutorOptions(idle_seconds=3_600, worker=WorkerSettings(log_level="error"))
    async with LocalExecutor(options) as executor:
        await executor.warm()
        ours = Ours(executor, source, folder / "part")
        await ours.develop()
        with Image.open(folder / "part") as picture:
            pixels = Image.fromarray(np.asarray(picture))
        peers = peer_runs(source, folder / "peer") if with_peers else {}
        contenders: dict[str, Callable[[], Awaitable[Cost]]] = {"darkroomd": ours.develop}
        contenders["limit: unpack + encode"] = partial(anyio.to_thread.run_sync, limit, source, pixels)
        for name, command in peers.items():
            if command:
                contenders[name] = partial(anyio.to_thread.run_sync, by_command, command, folder / "peer")
        figures = {name: Figures() for name in ("darkroomd", "limit: unpack + encode", *peers)}
        for name in peers.keys() - contenders.keys():
            figures[name].note = "not installed"
        for _ in range(runs):
            for name, run in list(contenders.items()):
                try:
                    figures[name].costs.append(await run())
                except OSError as error:
                    figures[name].note = str(error)
                    del contenders[name]
    median = statistics.median(cost.wall for cost in figures["darkroomd"].costs)
    stages = "  ".join(f"{stage} {seconds:.3f}" for stage, seconds in ours.stages.items())
    print(f"{source.name}: {stages}")
    for name, each in figures.items():
        print(each.line(name, ours=median))


async def main(arguments: argparse.Namespace) -> None:
    """Compare on all files."""
    logs.configure(logs.LogFormat.CONSOLE, Levels("warning"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for source in sources(folder, arguments.files):
            await compare(source, folder, runs=arguments.runs, with_peers=not arguments.without_peers)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--without-peers", action="store_true")
    anyio.run(main, parser.parse_args())
