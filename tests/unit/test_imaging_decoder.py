from __future__ import annotations

import errno
from pathlib import Path

import pytest
import rawpy

from darkroomd.imaging import decoder
from darkroomd.imaging.refusals import Refusal
from make import make_dng


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(MemoryError(), id="python"),
        pytest.param(rawpy.LibRawUnsufficientMemoryError(b"no memory"), id="decoder"),
        pytest.param(rawpy.LibRawMemPoolOverflowError(b"mempool overflowed"), id="decoders-pool"),
        pytest.param(OSError((errno.ENOMEM, "Cannot allocate memory")), id="system-by-the-decoder"),
        pytest.param(OSError(errno.ENOMEM, "Cannot allocate memory"), id="system"),
    ],
)
def test_too_little_memory_is_not_the_photos_fault(tmp_path: Path, error: Exception) -> None:
    blob = make_dng(tmp_path / "a.dng").read_bytes()

    with pytest.raises(Refusal) as caught, decoder.opened(blob, limit_pixels=10_000):
        raise error

    assert (caught.value.failure.code, caught.value.failure.transient) == ("worker.out_of_memory", True)
    assert caught.value.__cause__ is error


def test_another_fault_of_the_system_is_left_to_the_caller(tmp_path: Path) -> None:
    blob = make_dng(tmp_path / "a.dng").read_bytes()

    with pytest.raises(BrokenPipeError), decoder.opened(blob, limit_pixels=10_000):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")
