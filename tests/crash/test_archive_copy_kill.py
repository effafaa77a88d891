"""A copy into an archive killed before every effect it has on the disk, and made again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from archiving import FENCE, Copying, copying
from crash.victim import Executioner
from darkroomd.core.manifest import Manifest
from darkroomd.core.model import SessionId
from darkroomd.files.archive import look_at, make_destination, open_archive_folder, sweep_parts
from darkroomd.files.archive_copy import CopyMethod
from darkroomd.files.manifests import read_manifest, write_manifest

CONTENT = b"content" * 300_000
SESSION = SessionId("5e55")
FEWEST_EFFECTS, MOST_EFFECTS = 9, 30


def archived(copy: Copying, method: CopyMethod) -> bool:
    """Archive a photo as a whole: folders, copy, manifest; tell whether it stood there already."""
    destination = copy.target.parent.parent
    make_destination(destination)
    with open_archive_folder(destination, "2026", make=True):
        copied = copy.run(method)
    write_manifest(destination, SESSION, {b"2026/" + os.fsencode(copy.target.name): copied.sha256})
    return copied.stood


def killed(copy: Copying, method: CopyMethod, folder: Path, *, fatal: int) -> bool:
    """Archive in a child that dies before its effect `fatal`; tell whether it did."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            Executioner(folder, fatal=fatal).arm()
            archived(copy, method)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in {0, -signal.SIGKILL}
    return os.waitstatus_to_exitcode(status) != 0


@pytest.mark.parametrize("method", CopyMethod)
def test_killed_before_any_effect_a_copy_is_whole_or_not_there(tmp_path: Path, method: CopyMethod) -> None:
    stood: list[bool] = []
    for fatal in range(1, MOST_EFFECTS):
        folder = tmp_path / str(fatal)
        copy = copying(folder, CONTENT)
        copy.target.parent.rmdir()
        copy.target.parent.parent.rmdir()
        if not killed(copy, method, folder, fatal=fatal):
            break
        destination = copy.target.parent.parent
        there = copy.target.read_bytes() if copy.target.exists() else None
        before = copy.target.stat().st_ino if there else None

        make_destination(destination)
        sweep_parts(destination, ["2026"], dead=[FENCE])
        stood.append(archived(copy, method))

        assert there in {None, CONTENT}
        assert stood[-1] is (there is not None)
        assert before in {None, copy.target.stat().st_ino}
        assert look_at(destination, {"2026": ["20260501_090807"]}).sizes == {
            "2026": {copy.target.name: len(CONTENT)}
        }
        assert read_manifest(destination, SESSION) != Manifest()
        assert sorted(path.name for path in destination.iterdir()) == ["2026", "SHA256SUMS.5e55"]

    assert FEWEST_EFFECTS < len(stood) < MOST_EFFECTS - 1
    assert {*stood} == {True, False}
