"""File systems of a test's own: small ones, and one whose server never says a word."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from running import PATIENCE_SECONDS

SMALL_DISK_BYTES: Final = 4 << 20

_MS_BIND: Final = 4096
_MNT_DETACH: Final = 2


@contextmanager
def mounted(folder: Path, *options: str, descriptors: tuple[int, ...] = ()) -> Generator[Path]:
    """Mount something at a folder, which is made, until the block is left; skip where it cannot be done."""
    folder.mkdir(exist_ok=True)
    mount = shutil.which("mount")
    if mount is None:
        pytest.skip("mount is not installed")
    done = subprocess.run(
        [mount, *options, str(folder)],
        check=False,
        capture_output=True,
        text=True,
        pass_fds=descriptors,
        timeout=PATIENCE_SECONDS,
    )
    if done.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
        # Whoever hung in it goes on from here, with an error.
        unmount = [f"{Path(mount).parent}/umount", "--lazy", str(folder)]
        subprocess.run(unmount, check=False, capture_output=True, timeout=PATIENCE_SECONDS)


@contextmanager
def small_disk(folder: Path, *, size_bytes: int = SMALL_DISK_BYTES) -> Generator[Path]:
    """Have a disk of a few megabytes at a folder until the block is left."""
    with mounted(folder, "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs") as disk:
        yield disk


@contextmanager
def dead_share(folder: Path) -> Generator[Path]:
    """Have every call in a folder hang until the block is left."""
    try:
        server = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"there can be no file system of our own here: {error}")
    options = f"fd={server},rootmode=40000,user_id={os.geteuid()},group_id={os.getegid()}"
    with mounted(folder, "-i", "-t", "fuse", "-o", options, "dead", descriptors=(server,)) as share:
        yield share


@contextmanager
def bound(source: Path, target: Path) -> Generator[None]:
    """Have a folder appear at another place until the block is left, without a look at either."""
    libc = ctypes.CDLL(None, use_errno=True)
    refusal = libc.mount(os.fsencode(source), os.fsencode(target), None, _MS_BIND, None)
    assert refusal == 0
    try:
        yield
    finally:
        libc.umount2(os.fsencode(target), _MNT_DETACH)


def fill(disk: Path) -> Path:
    """Leave no room for another byte; return the file that is to be removed to make some."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            continue
    assert os.statvfs(disk).f_bavail == 0
    return ballast
