"""File names of every kind that a disk takes, through the real daemon."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from darkroomd.core.naming import output_names
from forked import running
from make import make_dng

NAMES: Final = (
    "IMG 1 (2).dng",
    "-rf.dng",
    "two\nlines\x1b[31m.dng",
    "quo'te\"s$(x)`y`.dng",
    "snow-\u2603-\U0001f4f7.dng",
    "caf\u00e9.dng",
    "cafe\u0301.DNG",
    "case.dng",
    "Case.dng",
    "CASE.DNG",
    "sibling.tif",
    "sibling.dng",
    "dots.jpg.dng",
    "dots.jpg.dng.jpg.dng",
    "trailing .dng",
    "x" * 251 + ".dng",
    "\u00e9" * 125 + ".dng",
    os.fsdecode(b"latin-\xe9-\xff.dng"),
)


def drop(raw: Path, data: bytes) -> tuple[str, ...]:
    """Write a file under each name that the file system takes for a name of its own; return those."""
    for name in NAMES:
        # Some take only UTF-8.
        with suppress(OSError):
            (raw / name).write_bytes(data)
    return tuple(sorted(entry.name for entry in raw.iterdir()))


@pytest.mark.parametrize("already_there", [True, False], ids=["found-at-the-start", "arriving"])
def test_every_photo_has_an_output_of_its_own_whatever_it_is_called(
    tmp_path: Path, *, already_there: bool
) -> None:
    session = tmp_path / "party"
    (session / "Raw").mkdir(parents=True)
    data = make_dng(tmp_path / "source.bin").read_bytes()
    found = drop(session / "Raw", data) if already_there else ()

    with running(tmp_path, "--session", str(session), ready=False) as daemon:
        daemon.wait_for("session_found")
        found = found or drop(session / "Raw", data)
        wanted = {str(session / "Jpg" / output) for output in output_names(found).values()}
        while wanted - {line["output"] for line in daemon.lines if line.get("event") == "item_developed"}:
            daemon.wait_for("item_developed")
        assert daemon.stop() == 0

    pictures = {output.name: output.read_bytes() for output in (session / "Jpg").iterdir()}
    assert set(output_names(found).values()) <= pictures.keys()
    assert len(set(pictures.values())) == 1
    assert [line for line in daemon.lines if line.get("event") in {"item_failed", "intake_hit_a_bug"}] == []
