from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.imaging import refusals
from darkroomd.imaging.chatter import readable_lines


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(errno.ENOSPC, "disk.full", id="no-space"),
        pytest.param(errno.EDQUOT, "disk.full", id="no-quota"),
        pytest.param(errno.EROFS, "disk.read_only", id="read-only"),
        pytest.param(errno.EACCES, "disk.not_permitted", id="no-rights"),
        pytest.param(errno.EMFILE, "system.too_many_files", id="process-limit"),
        pytest.param(errno.ENFILE, "system.too_many_files", id="system-limit"),
        pytest.param(errno.ENOENT, "session.gone", id="folder-gone"),
        pytest.param(errno.EIO, "disk.io", id="disk-fault"),
        pytest.param(errno.ESTALE, "disk.io", id="network-fault"),
    ],
)
def test_a_fault_of_the_disk_is_never_the_photos(number: int, code: str) -> None:
    refusal = refusals.not_written(b"/s/Jpg/.a.part", OSError(number, os.strerror(number)))

    assert (refusal.failure.code, refusal.environment, refusal.failure.transient) == (code, True, True)
    assert refusal.failure.context["error"] == errno.errorcode[number]


def test_a_name_too_long_is_the_photos_own_fault() -> None:
    refusal = refusals.not_written(b"/s/Jpg/.a.part", OSError(errno.ENAMETOOLONG, "x"))

    assert (refusal.failure.code, refusal.environment) == ("output.name_too_long", False)


@pytest.mark.parametrize(
    ("number", "code", "transient"),
    [
        pytest.param(errno.EACCES, "raw.unreadable", False, id="no-rights"),
        pytest.param(errno.EIO, "raw.unreadable", True, id="disk-fault"),
    ],
)
def test_a_raw_file_that_cannot_be_read_says_so(number: int, code: str, transient: bool) -> None:
    refusal = refusals.not_opened(b"/s/Raw/a.nef", OSError(number, "x"))

    assert (refusal.failure.code, refusal.environment, refusal.failure.transient) == (code, False, transient)


def test_a_missing_file_in_a_missing_folder_is_a_missing_session(tmp_path: Path) -> None:
    error = FileNotFoundError(errno.ENOENT, "x")

    here = refusals.not_opened(os.fsencode(tmp_path / "a.nef"), error)
    nowhere = refusals.not_opened(os.fsencode(tmp_path / "Raw" / "a.nef"), error)

    assert (here.failure.code, here.environment) == ("raw.missing", False)
    assert (nowhere.failure.code, nowhere.environment) == ("session.gone", True)


@given(st.binary(max_size=40))
def test_every_path_can_be_told_as_utf8(path: bytes) -> None:
    told = refusals.missing(path).failure.context["path"]

    assert told.encode("utf-8") is not None


@given(st.binary(max_size=2_000))
def test_chatter_is_bounded_and_printable(printed: bytes) -> None:
    lines = readable_lines(printed)

    assert len(lines) <= 20
    assert all(line.isprintable() and 0 < len(line) <= 300 for line in lines)


def test_chatter_keeps_its_lines() -> None:
    assert readable_lines(b"one\n\n\x1b[31mtwo\xff\n") == ["one", "[31mtwo�"]


def test_what_the_decoder_said_goes_with_the_refusal() -> None:
    refusal = refusals.truncated("short", sizeBytes=3).with_decoder_lines(["Premature end"])

    assert refusal.failure.context == {"reason": "short", "sizeBytes": 3, "decoderLines": ["Premature end"]}
