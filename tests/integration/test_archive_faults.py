"""Whose fault it is that a file of a photo cannot be archived."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from darkroomd.core.retry import Concern
from darkroomd.files.archive import SourceUnreadable
from darkroomd.services.archive_faults import failed_by
from privileges import let_all_in, without_privileges


def unreadable(path: Path, code: int) -> SourceUnreadable:
    return SourceUnreadable(code, os.strerror(code), str(path))


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(errno.EACCES, "archive.source_unreadable", id="another-users-secret"),
        pytest.param(errno.ENOENT, "archive.source_gone", id="gone"),
        pytest.param(errno.ELOOP, "archive.source_gone", id="a-link"),
    ],
)
def test_a_file_alone_is_its_photos_fault(tmp_path: Path, number: int, code: str) -> None:
    sidecar = tmp_path / "A.NEF.xmp"
    sidecar.touch()

    found = failed_by(unreadable(sidecar, number))

    assert (found.failure.code, found.environment) == (code, False)
    assert "A.NEF.xmp" in found.failure.message


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.EIO])
def test_a_folder_that_is_gone_or_closed_holds_its_session(tmp_path: Path, number: int) -> None:
    places = {errno.ENOENT: tmp_path / "gone", errno.EACCES: tmp_path / "closed", errno.EIO: tmp_path}
    places[errno.EACCES].mkdir(mode=0)
    let_all_in(tmp_path)

    with without_privileges():
        found = failed_by(unreadable(places[number] / "A.NEF", number))

    assert (found.environment, found.concern) == (True, Concern.SESSION)
