"""Rights, for tests that may run as root."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def without_privileges() -> Generator[None]:
    """Be a user whom permissions bind, also where the tests run as root."""
    before = os.geteuid()
    os.seteuid(before or NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def let_all_in(folder: Path) -> None:
    """Open a test's own folder, and those of the test run around it, to every user."""
    around = [parent for parent in folder.parents if any("pytest-of-" in part for part in parent.parts)]
    for each in (folder, *around):
        each.chmod(0o755)
