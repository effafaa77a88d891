from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import disks

# What a property says is true at any speed, also while the machine does something else.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A shell that starts the tests in the background has them ignore Ctrl-C, and with them what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


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
