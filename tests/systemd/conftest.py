from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from systemd.machine import Unbootable, booted, machine_folder


@pytest.fixture(scope="session")
def why_not_bootable() -> str:
    """Why no machine boots here, not even one without darkroomd; empty: they do."""
    try:
        with machine_folder() as root, booted(root):
            return ""
    except Unbootable as problem:
        return str(problem)


@pytest.fixture
def root(why_not_bootable: str) -> Iterator[Path]:
    """The root folder of a machine that was never booted."""
    if why_not_bootable:
        pytest.skip(why_not_bootable)
    with machine_folder() as folder:
        yield folder
