"""A disk in a file, that forgets all that was not yet synced when its power is cut."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SHUT_DOWN: Final = 0x8004587D
"""`EXT4_IOC_SHUTDOWN`: `_IOR('X', 125, __u32)`."""

FORGET: Final = 2
"""`EXT4_GOING_FLAGS_NOLOGFLUSH`: nothing more is written, not even what the journal holds in memory."""

NEW_MOUNT_NAMESPACE: Final = 0x20000
"""`CLONE_NEWNS`."""

STRICT: Final = "loop,noauto_da_alloc,commit=300"
"""Nothing is written sooner than it must: no kindness to programs that rename without a sync."""

COMMAND_SECONDS: Final = 60.0


class DiskRefused(Exception):
    """A disk cannot be made or mounted here; the message says why."""


def keep_mounts_private() -> None:
    """Let no mount that this process makes outlive it, or be seen by others; it must have one thread.

    Raises:
        DiskRefused: the system does not let us.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_MOUNT_NAMESPACE) != 0:
        raise DiskRefused(f"There can be no mounts of our own: {os.strerror(ctypes.get_errno())}.")
    _command("mount", "--make-rprivate", "/")


def make_disk(image: Path, *, megabytes: int) -> None:
    """Make an empty ext4 file system in a file that takes no more room than it holds.

    Raises:
        DiskRefused: the system cannot.
    """
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    _command("mkfs.ext4", "-q", "-F", str(image))


@contextmanager
def mounted(image: Path, folder: Path) -> Generator[None]:
    """Mount the disk at the folder, which replays its journal; no process may be left in it at the end.

    Raises:
        DiskRefused: the system does not mount it.
    """
    _command("mount", "-t", "ext4", "-o", STRICT, str(image), str(folder))
    try:
        yield
    finally:
        _command("umount", str(folder))


def lose_power(folder: Path) -> None:
    """Let the disk that is mounted at the folder forget all that it has not written."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(descriptor, SHUT_DOWN, struct.pack("I", FORGET))
    finally:
        os.close(descriptor)


def check_disk(image: Path) -> str:
    """Return what is wrong with an unmounted disk, once its journal is replayed; empty: nothing."""
    command = ["e2fsck", "-f", "-p", str(image)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    return "" if done.returncode == 0 else f"{done.stdout}{done.stderr}"


def _command(*words: str) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    except FileNotFoundError as error:
        raise DiskRefused(f"The command {words[0]} is missing.") from error
    if done.returncode != 0:
        raise DiskRefused(f"{' '.join(words)}: {done.stderr.strip()}")
