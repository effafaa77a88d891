"""Rights, for tests that may run as root."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

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
