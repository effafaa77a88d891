from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from darkroomd.core.model import (
    CorrelationId,
    Counts,
    Fingerprint,
    Photo,
    PhotoState,
    Session,
    SessionId,
)
from darkroomd.core.naming import photo_id
from darkroomd.core.presets import BUILTIN_PRESETS, Preset
from darkroomd.files.documents import (
    DocumentUnwritable,
    Unsettled,
    Written,
    read_document,
    write_document,
)
from darkroomd.files.fingerprint import fingerprint_of
from darkroomd.files.sidecars import FrozenLook, freeze, read_look

NEUTRAL = BUILTIN_PRESETS["neutral"]
STORY = CorrelationId("c0ffee")


def frozen(raw: Path, preset: Preset = NEUTRAL) -> FrozenLook:
    return freeze(raw, preset, applied_at_usec=0, correlation_id=STORY)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    path = tmp_path / "a.NEF"
    path.touch()
    return path


@pytest.fixture
def sidecar(raw: Path) -> Path:
    return raw.with_name("a.NEF.rrdata")


def test_a_preset_is_frozen_once(raw: Path, sidecar: Path) -> None:
    first = frozen(raw)
    data, inode = sidecar.read_bytes(), sidecar.stat().st_ino

    again = frozen(raw, replace(NEUTRAL, id="other", adjustments={"exposure": 3}))

    assert first.written
    assert not again.written
    assert (again.look, again.preset_id) == (first.look, "neutral")
    assert (sidecar.read_bytes(), sidecar.stat().st_ino) == (data, inode)
    assert names(raw.parent) == ["a.NEF", "a.NEF.rrdata"]


def test_what_is_read_to_develop_is_what_was_frozen(raw: Path) -> None:
    look = frozen(raw, replace(NEUTRAL, adjustments={"exposure": 1, "relight": 2}))

    found = read_look(raw)

    assert (found.look, found.adjustments, found.unsupported) == (look.look, look.adjustments, ("relight",))


def test_a_photo_without_a_sidecar_has_a_neutral_look(raw: Path) -> None:
    assert read_look(raw).look == frozen(raw).look


def test_an_unreadable_sidecar_is_kept_and_reported(raw: Path, sidecar: Path) -> None:
    sidecar.write_bytes(b'{"version": 1, "adj')

    look = frozen(raw)

    assert look.warnings == ("sidecar.unreadable",)
    assert look.kept == sidecar.with_name("a.NEF.rrdata.bak")
    assert look.kept.read_bytes() == b'{"version": 1, "adj'
    assert json.loads(sidecar.read_bytes())["adjustments"]["darkroomd"]["correlationId"] == "c0ffee"


def test_reading_an_unreadable_sidecar_changes_nothing(raw: Path, sidecar: Path) -> None:
    sidecar.write_bytes(b"")

    found = read_look(raw)

    assert found.warnings == ("sidecar.unreadable",)
    assert names(raw.parent) == ["a.NEF", "a.NEF.rrdata"]


def test_a_sidecar_that_is_a_link_is_kept_as_one_and_never_followed(raw: Path, sidecar: Path) -> None:
    (raw.parent / "precious").write_text("{}")
    sidecar.symlink_to("precious")

    look = frozen(raw)

    assert look.kept is not None
    assert look.kept.is_symlink()
    assert (raw.parent / "precious").read_text() == "{}"
    assert not sidecar.is_symlink()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_whatever_stands_in_a_sidecars_place_is_kept(
    raw: Path, sidecar: Path, make: Callable[[Path], None]
) -> None:
    make(sidecar)

    look = frozen(raw)

    assert look.kept is not None
    assert look.kept.exists()
    assert sidecar.is_file()


def test_a_name_that_leaves_no_room_for_a_sidecar_is_developed_all_the_same(tmp_path: Path) -> None:
    raw = tmp_path / ("x" * 251 + ".nef")
    raw.touch()

    look = frozen(raw)

    assert look.warnings == ("sidecar.name_too_long",)
    assert names(tmp_path) == [raw.name]
    assert read_look(raw).look == look.look


def test_names_that_are_not_utf_8_have_sidecars(tmp_path: Path) -> None:
    raw = tmp_path / os.fsdecode(b"\xff\n.nef")
    raw.touch()

    assert frozen(raw).written
    assert (tmp_path / os.fsdecode(b"\xff\n.nef.rrdata")).is_file()


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(
        id=SessionId("s"),
        name="s",
        folder=tmp_path,
        preset_id=None,
        counts=Counts(),
        created_at_usec=0,
        changed_at_usec=0,
        revision=1,
    )


def photo(session: Session, name: str) -> Photo:
    return Photo(
        id=photo_id(session.id, name),
        session_id=session.id,
        name=name,
        raw=session.folder / "Raw" / name,
        fingerprint=Fingerprint(device=1, inode=1, size_bytes=1, mtime_ns=1, ctime_ns=1),
        look="look",
        preset_id="neutral",
        state=PhotoState.WAITING,
        discarded_by=None,
        captured_at_usec=None,
        corrected_at_usec=None,
        unsupported=(),
        warnings=(),
        camera="",
        attempts=0,
        last_attempt_at_usec=None,
        outputs=(),
        failure=None,
        correlation_id=STORY,
        arrived_at_usec=0,
        revision=1,
    )


def test_a_record_is_written_when_something_is_different(session: Session) -> None:
    path = session.folder / "boothy.session.json"
    write_document(session, [photo(session, "a.nef")])
    inode = path.stat().st_ino

    write_document(session, [photo(session, "a.nef")])
    same = path.stat().st_ino
    write_document(session, [photo(session, "a.nef"), photo(session, "\udcff.nef")])

    assert same == inode
    assert path.stat().st_ino != inode
    assert names(session.folder) == ["boothy.session.json"]
    document = read_document(session.folder)
    assert document is not None
    assert list(document) == ["schemaVersion", "photos"]


def test_what_others_added_survives_on_disk(session: Session) -> None:
    path = session.folder / "boothy.session.json"
    path.write_text('\ufeff{"guest": "Ada", "photos": [{"rawFilename": "a.nef", "printed": 2}]}')

    written = write_document(session, [photo(session, "a.nef")])

    document = json.loads(path.read_text())
    assert written == Written(changed=True)
    assert document["guest"] == "Ada"
    assert document["photos"][0]["printed"] == 2


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"\0" * 99], ids=["empty", "cut-off", "no-object", "zeros"]
)
def test_a_record_that_stays_broken_is_kept_and_made_anew(session: Session, data: bytes) -> None:
    path = session.folder / "boothy.session.json"
    path.write_bytes(data)

    first = write_document(session, [photo(session, "a.nef")])
    found = fingerprint_of(path)
    written = write_document(session, [photo(session, "a.nef")], settled=found)

    kept = session.folder / "boothy.session.json.bak"
    assert (first, written) == (Unsettled(found), Written(changed=True, kept=kept))
    assert kept.read_bytes() == data
    assert json.loads(path.read_text())["photos"][0]["rawFilename"] == "a.nef"


def test_a_record_that_is_being_written_is_left_alone(session: Session) -> None:
    path = session.folder / "boothy.session.json"
    with path.open("w") as theirs:
        theirs.write('{"guest": ')
        theirs.flush()
        half = write_document(session, [photo(session, "a.nef")])
        theirs.write('"Ada"}')
        theirs.flush()
        whole = write_document(session, [photo(session, "a.nef")])

    written = write_document(session, [photo(session, "a.nef")])

    assert isinstance(half, Unsettled)
    assert isinstance(whole, Unsettled)
    assert written == Written(changed=True)
    assert json.loads(path.read_text())["guest"] == "Ada"


def test_what_others_write_at_the_last_moment_is_merged(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = session.folder / "boothy.session.json"
    guests = iter(["Ada", "Grace"])
    sync = os.fsync

    def sync_while_they_write(descriptor: int) -> None:
        sync(descriptor)
        for guest in guests:
            path.write_text(json.dumps({"guest": guest}))
            return

    monkeypatch.setattr(os, "fsync", sync_while_they_write)

    written = write_document(session, [photo(session, "a.nef")])

    document = json.loads(path.read_text())
    assert written == Written(changed=True)
    assert (document["guest"], len(document["photos"])) == ("Grace", 1)
    assert names(session.folder) == ["boothy.session.json"]


@pytest.mark.parametrize("what", ["folder", "link"])
def test_what_is_no_file_at_all_is_moved_out_of_the_way(session: Session, what: str) -> None:
    path = session.folder / "boothy.session.json"
    place: dict[str, Callable[[], None]] = {
        "folder": path.mkdir,
        "link": lambda: path.symlink_to("/etc/passwd"),
    }
    place[what]()

    written = write_document(session, [photo(session, "a.nef")])

    assert written == Written(changed=True, kept=session.folder / "boothy.session.json.bak")
    assert json.loads(path.read_text())["photos"][0]["rawFilename"] == "a.nef"


def test_a_record_that_cannot_be_written_says_so(session: Session) -> None:
    gone = replace(session, folder=session.folder / "gone")

    with pytest.raises(DocumentUnwritable, match="written again by itself"):
        write_document(gone, [])

    assert read_document(gone.folder) is None
