"""What the C library does with memory that is freed, seen from outside of the process that asked for it."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")

PHOTOS = """
import resource, sys
from darkroomd.system import heap

if sys.argv[1] == "kept":
    heap.keep_freed_memory()

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    photo = b"x" * (48 << 20)
    del photo
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(faults(), faults())
"""

THREADS = """
import sys, threading
from darkroomd.system import heap

if sys.argv[1] == "one":
    heap.share_one_heap()
meeting = threading.Barrier(8)

def take():
    meeting.wait()
    pieces = [bytes(100_000) for _ in range(10)]
    meeting.wait()

threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
# Each further heap reserves 64 MB of addresses.
spans = [line.split()[0].split("-") for line in open("/proc/self/maps") if "---p" in line]
print(sum(int(end, 16) - int(start, 16) > 60 << 20 for start, end in spans))
"""


GHOSTS = """
import ctypes, sys
from contextlib import nullcontext
from darkroomd.system import heap

heap.keep_freed_memory()
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.malloc.argtypes = [ctypes.c_size_t]
library.free.argtypes = [ctypes.c_void_p]

def ghosts():
    place = library.malloc(48 << 20)
    left = ctypes.string_at(place + 4096, 1 << 20).count(b"x")
    ctypes.memset(place, ord("x"), 48 << 20)
    library.free(place)
    return left

ghosts()
if sys.argv[1] == "given-back":
    heap.give_back_freed_memory()
with heap.zeroed_memory() if sys.argv[1] == "zeroed" else nullcontext():
    print(ghosts())
print(ghosts())
"""


def numbers(program: str, how: str) -> list[int]:
    done = subprocess.run(
        [sys.executable, "-c", program, how], check=True, capture_output=True, text=True, timeout=60
    )
    return [int(number) for number in done.stdout.split()]


def test_a_second_photo_of_the_same_size_needs_no_new_pages() -> None:
    first, second = numbers(PHOTOS, "kept")
    _, usual = numbers(PHOTOS, "not")

    assert second < min(first, usual) / 10


def test_threads_share_one_heap() -> None:
    [several], [one] = numbers(THREADS, "several"), numbers(THREADS, "one")

    assert several > 0
    assert one == 0


@pytest.mark.parametrize("how", ["zeroed", "given-back"])
def test_nothing_of_one_photo_is_left_in_the_memory_of_the_next(how: str) -> None:
    empty, kept = numbers(GHOSTS, how), numbers(GHOSTS, "kept")

    assert empty[0] == 0
    assert min(kept) > 0
