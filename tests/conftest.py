from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

import disks

# What a property says is true at any speed, also while the machine does something else.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A shell that starts the tests in the background has them ignore Ctrl-C, and with them what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

PROCESSES_PER_CORE: Final = 2
"""Most tests of real daemons wait for something, half of the time."""
MOST_PROCESSES: Final = 8
"""Each collects all tests first."""


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run all tests in several processes, and those that are named in this one, to be debugged."""
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return min(PROCESSES_PER_CORE * (os.cpu_count() or 1), MOST_PROCESSES) if everything else 0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    with disks.small_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def dead_share(tmp_path: Path) -> Iterator[Path]:
    """A folder in which every call hangs until the end of the test."""
    with disks.dead_share(tmp_path / "share") as share:
        yield share
