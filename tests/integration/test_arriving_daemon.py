"""Files that are still being written, as the real daemon lists them."""

from __future__ import annotations

from pathlib import Path

import pytest

from darkroom import Client
from darkroom.cli.main import main
from forked import running
from make import make_dng
from running import PATIENCE_SECONDS


def test_what_still_arrives_is_listed_until_it_is_a_photo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = tmp_path / "Wedding" / "Raw"
    raw.mkdir(parents=True)
    content = make_dng(tmp_path / "camera.dng").read_bytes()
    with (
        running(tmp_path, "--session", str(raw.parent)) as daemon,
        Client(daemon.socket) as client,
        (raw / "IMG_1.DNG").open("wb") as first,
    ):
        daemon.wait_for("session_found")
        [session] = client.list_sessions()
        first.write(content)
        first.flush()
        seen = daemon.wait_for("photo_detected")
        arriving = list(client.list_photos(session.id, states=["arriving"]))
        with_others = list(client.list_photos(session.id, states=["arriving", "developed"]))
        unasked = list(client.list_photos(session.id))
        for words in (["photos", "Wedding"], ["show", "IMG_1"], ["log", "IMG_1.DNG"]):
            assert main(["--socket", str(daemon.socket), *words]) == 0
        _, listed, *told = capsys.readouterr().out.splitlines()

        first.close()
        client.wait_until_developed(raw / "IMG_1.DNG", timeout_usec=int(PATIENCE_SECONDS * 1_000_000))
        later = list(client.list_photos(session.id, states=["arriving", "developed"]))

    assert [(photo.state, photo.correlation_id) for photo in arriving] == [
        ("arriving", seen["correlation_id"])
    ]
    assert (with_others, unasked) == (arriving, [])
    assert listed.split()[:2] == ["IMG_1.DNG", "arriving"]
    assert listed.endswith("so far")
    assert "photo_detected" in told[-1]
    assert [(photo.state, photo.id) for photo in later] == [("developed", arriving[0].id)]
