"""Measures what the figures for monitoring cost the daemon: processor time, of it alone, for one look.

python tests/bench/metrics.py [LOOKS]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from darkroom.client import Client

sys.path.insert(0, str(Path(__file__).parents[1]))

from running import running

ROUND_SECONDS = 15.0


def cpu_seconds(text: str) -> float:
    """Return the processor time of the daemon that its figures tell."""
    mark = 'darkroomd_cpu_seconds_total{process="daemon"} '
    return float(next(line.removeprefix(mark) for line in text.splitlines() if line.startswith(mark)))


def main(looks: int) -> None:
    """Print the cost of one look, and of one every 15 seconds as a share of a core."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as daemon:
        with Client(daemon.socket) as client:
            before = cpu_seconds(client.get_metrics())
            for _ in range(looks):
                text = client.get_metrics()
            seconds = (cpu_seconds(text) - before) / (looks)
        daemon.stop()
    print(f"one look: {1000 * seconds:.2f} ms of a core for {len(text)} characters")
    print(f"one every {ROUND_SECONDS:g} s: {100 * seconds / ROUND_SECONDS:.4f} % of a core")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
