"""Freed memory stays with the process, so that the next photo does not ask for it again."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PHOTOS = """
import resource, sys
from darkroomd.imaging.heap import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    photo = b"x" * (48 << 20)
    del photo
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(faults(), faults())
"""


def faults(how: str) -> tuple[int, int]:
    done = subprocess.run(
        [sys.executable, "-c", PHOTOS, how], check=True, capture_output=True, text=True, timeout=60
    )
    first, second = map(int, done.stdout.split())
    return first, second


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_a_second_photo_of_the_same_size_needs_no_new_pages() -> None:
    first, second = faults("kept")
    _, usual = faults("not")

    assert second < min(first, usual) / 10
