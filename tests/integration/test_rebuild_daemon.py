"""The real daemon that lost its database, a session's record, or both: nothing is lost that can be known."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from darkroom.client import Client
from darkroom.protocol.types import Photo
from darkroomd.imaging.dng import Facts as Shot
from forked import running
from make import make_dng
from running import Daemon

ODD = os.fsdecode(b"caf\xe9\n 1.DNG")
DEVELOPED = ("A.DNG", "DISCARDED.DNG", "MISSING.DNG", "S.DNG", "S.CR3", ODD)
FAILED = "BROKEN.NEF"
WAITING = "WAITING.DNG"
REJECTED = "REJECTED.DNG"
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<rdf:RDF><rdf:Description rdf:about="" xmp:Rating="-1"/></rdf:RDF></x:xmpmeta>"""
CORRECTED_USEC = 1_700_000_000_123_456
KEPT = (
    "attemptCount",
    "lastAttemptAt",
    "arrivedAt",
    "capturedAt",
    "correctedAt",
    "zoneMinutes",
    "camera",
    "discardedBy",
)
ABROAD = Shot(taken_at=datetime(2024, 5, 4, 10, 30, 15, tzinfo=timezone(timedelta(hours=2))))


@dataclass(frozen=True)
class Facts:
    """What is to be the same afterwards: photos by name, JPEGs by name, and the session's record."""

    photos: dict[str, Photo]
    jpegs: dict[str, bytes]
    counts: tuple[int, ...]
    document: dict[str, Any]


def name_of(photo: Photo) -> str:
    uri = photo.original.uri
    exact = photo.original.path if uri is None else os.fsdecode(unquote_to_bytes(uri))
    return (exact or "").rpartition("/")[2]


def facts_of(daemon: Daemon, session: Path) -> Facts:
    with Client(daemon.socket) as client:
        [known] = client.list_sessions()
        photos = {name_of(photo): photo for photo in client.list_photos(known.id)}
    jpegs = {path.name: path.read_bytes() for path in (session / "Jpg").iterdir()}
    counts = (known.photo_count, known.developed_count, known.pending_count, known.failed_count)
    document = json.loads((session / "boothy.session.json").read_bytes())
    return Facts(photos, jpegs, (*counts, known.discarded_count), document)


def until_left(client: Client, queued: int) -> None:
    """Wait until so many photos are left that wait, and none is being developed."""
    for reply in client.stream("io.darkroomd.Darkroom.GetSummary", {"intervalUsec": 20_000}):
        queue = reply["summary"]["queue"]
        if (queue["queuedItems"], queue["runningItems"]) == (queued, 0):
            return


def drop(session: Path, daemon: Daemon) -> None:
    """Bring photos of every kind into the session, and have all but one developed."""
    raw = session / "Raw"
    (raw / "REJECTED.xmp").write_text(XMP)
    (raw / FAILED).write_bytes(b"MM\0*" + bytes(300))
    for number, name in enumerate((*DEVELOPED, REJECTED)):
        make_dng(raw / name, width=96 + 2 * number, facts=ABROAD)
    daemon.wait_for_all("photo_queued", len(DEVELOPED) + 2)
    with Client(daemon.socket) as client:
        until_left(client, 0)
        [session_id] = [one.id for one in client.list_sessions()]
        ids = {name_of(photo): photo.id for photo in client.list_photos(session_id)}
        times = {"photoIds": [ids["A.DNG"]], "atUsec": CORRECTED_USEC}
        client.call("io.darkroomd.Darkroom.SetCaptureTime", times)
        until_left(client, 0)
        (raw / "MISSING.DNG").unlink()
        daemon.wait_for("raw_missing")
        client.pause_queue()
        make_dng(raw / WAITING)
        daemon.wait_for("photo_queued")
        client.call(
            "io.darkroomd.Darkroom.SetDiscarded", {"photoIds": [ids["DISCARDED.DNG"]], "discarded": True}
        )
        client.call("io.darkroomd.Darkroom.SetSessionPreset", {"sessionId": session_id, "presetId": "vivid"})


def live(folder: Path) -> Facts:
    """Make a session in which everything has happened, and return the facts about it."""
    session = folder / "party"
    (session / "Raw").mkdir(parents=True)
    with running(folder, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        drop(session, daemon)
        facts = facts_of(daemon, session)
        assert daemon.stop() == 0
    record = json.loads((session / "boothy.session.json").read_bytes())
    (session / "boothy.session.json").write_text(json.dumps({"guest": "Ada", **record}))
    return replace(facts, document=record)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Facts]:
    """Return a folder with such a session, which is not to be changed."""
    folder = tmp_path_factory.mktemp("lived")
    return folder, live(folder)


@pytest.fixture
def folder(lived: tuple[Path, Facts], tmp_path: Path) -> Path:
    """Return a copy of it, in another place and with other inodes."""
    shutil.copytree(lived[0], tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock*"))
    return tmp_path


def lose(folder: Path, *lost: str) -> None:
    for what in lost:
        for path in folder.glob(
            {"database": "state/queue.db*", "document": "party/boothy.session.json"}[what]
        ):
            path.unlink()


def live_again(folder: Path) -> tuple[Facts, set[str]]:
    """Let a daemon find the session and do what is to be done; return that, and what was developed."""
    session = folder / "party"
    with running(folder, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        client.resume_queue()
        daemon.wait_for("item_developed", output=str(session / "Jpg" / "WAITING.jpg"))
        until_left(client, 0)
        facts = facts_of(daemon, session)
        assert daemon.stop() == 0
    lines = [line for line in daemon.lines if line.get("event") == "item_started"]
    return facts, {Path(line["raw"]).name for line in lines}


def same(photo: Photo) -> dict[str, Any]:
    """Return what a photo is, without where it is."""
    failure = photo.failure
    return {
        "state": photo.state,
        "discarded": photo.discarded_by,
        "preset": photo.preset_id,
        "captured": photo.captured_at_usec,
        "corrected": photo.corrected_at_usec,
        "failure": failure and (failure.code, failure.message if "path" not in failure.context else ""),
        "story": photo.correlation_id,
        "outputs": [(one.recipe, one.sha256, one.size_bytes, one.created_at_usec) for one in photo.outputs],
    }


def entries(document: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {
        entry["rawFilename"]: [entry[key] for key in keys]
        for entry in document["photos"]
        if entry["rawFilename"] != WAITING
    }


def assert_all_is_as_before(before: Facts, after: Facts) -> None:
    names = before.photos.keys() - {WAITING}
    found = {name: same(after.photos[name]) for name in names}
    assert found == {name: same(before.photos[name]) for name in names}
    photos, done, pending, failed, discarded = before.counts
    assert after.counts == (photos, done + 1, pending - 1, failed, discarded)
    assert after.jpegs == before.jpegs | {"WAITING.jpg": after.jpegs["WAITING.jpg"]}
    assert entries(after.document, *KEPT) == entries(before.document, *KEPT)
    assert after.document["darkroomd"] == {"presetId": "vivid"}


def test_a_lost_database_is_rebuilt(lived: tuple[Path, Facts], folder: Path) -> None:
    lose(folder, "database")

    after, developed = live_again(folder)

    assert developed == {WAITING}
    assert_all_is_as_before(lived[1], after)
    assert after.document["guest"] == "Ada"


def test_a_lost_record_is_written_anew(tmp_path: Path) -> None:
    before = live(tmp_path)
    lose(tmp_path, "document")

    after, developed = live_again(tmp_path)

    assert developed == {WAITING}
    assert_all_is_as_before(before, after)


def test_where_both_are_lost_the_same_bytes_are_made_again(lived: tuple[Path, Facts], folder: Path) -> None:
    before = lived[1]
    lose(folder, "database", "document")

    after, developed = live_again(folder)

    assert developed == {name for name in before.photos if name not in {REJECTED, "MISSING.DNG"}}
    # What people said of the time is lost: another file is made, beside one that nobody knows any more.
    same_bytes = before.jpegs.keys() - {"A.jpg"}
    assert {name: after.jpegs[name] for name in same_bytes} == {
        name: before.jpegs[name] for name in same_bytes
    }
    assert after.jpegs["A.jpg.bak"] == before.jpegs["A.jpg"]
    assert after.jpegs.keys() == before.jpegs.keys() | {"WAITING.jpg", "A.jpg.bak"}
    states = {name: photo.state for name, photo in after.photos.items()}
    expected = {name: photo.state for name, photo in before.photos.items() if name != "MISSING.DNG"}
    assert states == expected | {WAITING: "developed"}
    assert after.photos[REJECTED].discarded_by == "xmp"


def test_what_lost_its_output_as_well_is_developed_anew(lived: tuple[Path, Facts], folder: Path) -> None:
    before = lived[1]
    lose(folder, "database")
    (folder / "party" / "Jpg" / "A.jpg").unlink()

    after, developed = live_again(folder)

    assert developed == {WAITING, "A.DNG"}
    assert after.jpegs["A.jpg"] == before.jpegs["A.jpg"]
    assert after.photos["A.DNG"].corrected_at_usec == CORRECTED_USEC
