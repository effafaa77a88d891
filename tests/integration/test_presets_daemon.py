"""Presets, sidecars and culling with the real daemon and its command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.ExifTags import IFD

from darkroom import Client
from darkroom.cli.main import main
from darkroom.errors import InvalidParameter, NoSuchPhoto, NoSuchPreset, NoSuchSession
from darkroom.protocol.types import Photo
from forked import running
from make import make_dng
from running import QUICK, Daemon

XMP = """\
<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF
xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description r:about=""
xmlns:q="http://ns.adobe.com/xap/1.0/" q:Rating="%d"/></r:RDF></x:xmpmeta>"""


PATIENCE_USEC = 30_000_000


@dataclass(frozen=True, slots=True)
class World:
    """A daemon with one empty session, and a client of it."""

    daemon: Daemon
    client: Client
    folder: Path

    @property
    def raw(self) -> Path:
        return self.folder / "party" / "Raw"

    @property
    def session_id(self) -> str:
        [session] = self.client.list_sessions()
        return session.id

    def drop(self, name: str) -> Photo:
        """Let a photo come and wait until it is developed."""
        make_dng(self.folder / name).rename(self.raw / name)
        self.until_developed()
        return self.photo(name)

    def until_developed(self) -> None:
        """Wait until a photo is developed, and until that is recorded."""
        line = self.daemon.wait_for("item_developed")
        self.client.wait_job(line["job"], timeout_usec=PATIENCE_USEC)

    def photo(self, name: str) -> Photo:
        return next(
            photo
            for photo in self.client.list_photos(self.session_id)
            if (photo.original.path or "").endswith(f"/{name}")
        )

    def sidecar(self, name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.raw / f"{name}.rrdata").read_text())
        return document

    def edit(self, name: str, **adjustments: object) -> None:
        """Edit a sidecar in place, as RapidRAW does."""
        document = self.sidecar(name)
        document["adjustments"].update(adjustments)
        (self.raw / f"{name}.rrdata").write_text(json.dumps(document))

    def darkroom(self, *words: str) -> int:
        return main(["--socket", str(self.daemon.socket), *words])


def start(folder: Path, *, config: str = QUICK) -> Iterator[World]:
    (folder / "party" / "Raw").mkdir(parents=True, exist_ok=True)
    presets = folder / "presets"
    presets.mkdir(exist_ok=True)
    warm = {"id": "warm", "name": "Warm", "adjustments": {"temperature": 12, "glowAmount": 5}}
    (presets / "warm.json").write_text(json.dumps(warm))
    with (
        running(folder, "--session", str(folder / "party"), config=config) as daemon,
        Client(daemon.socket) as client,
    ):
        daemon.wait_for("session_found")
        yield World(daemon, client, folder)
        assert daemon.stop() == 0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from start(tmp_path)


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[World]:
    yield from start(
        tmp_path,
        config=QUICK + '[presets]\ndefault = "warm"\nstrict = true\nunreadable_sidecar = "fail"\n',
    )


def test_presets_come_from_files_and_a_new_file_needs_no_restart(world: World) -> None:
    before = {preset.id: preset for preset in world.client.list_presets()}
    (world.folder / "presets" / "b.json").write_text("{")
    (world.folder / "presets" / "c.rrpreset").write_text(
        json.dumps({"creator": "x", "presets": [{"preset": {"id": "c", "name": "C", "adjustments": {}}}]})
    )
    after = {preset.id for preset in world.client.list_presets()}
    check = next(check for check in world.client.get_health().checks if check.name == "presets")

    assert before.keys() == {"neutral", "vivid", "bw", "portrait", "warm"}
    assert before["warm"].adjustments == {"temperature": 12, "glowAmount": 5}
    assert after == {*before, "c"}
    assert (check.ok, "b.json" in check.message) == (False, True)


def test_the_preset_of_a_session_is_for_photos_to_come_and_survives_a_restart(tmp_path: Path) -> None:
    for world in start(tmp_path):
        old = world.drop("A.DNG")
        with world.client.watch(kinds=("session.changed",)) as events:
            next(event for event in events if event.kind == "ready")
            world.client.set_session_preset(world.session_id, "warm")
            told = next(event for event in events if event.session and event.session.preset_id)
    for world in start(tmp_path):
        kept = world.client.get_session(world.session_id).preset_id
        new = world.drop("B.DNG")
        untouched = world.photo("A.DNG")
        reset = world.client.set_session_preset(world.session_id, None)

    assert told.session is not None
    assert (told.session.preset_id, kept, reset.preset_id) == ("warm", "warm", None)
    assert (old.preset_id, untouched.preset_id, new.preset_id) == ("neutral", "neutral", "warm")
    assert new.unsupported == ("glowAmount",)
    assert world.sidecar("B.DNG")["adjustments"]["darkroomd"]["presetId"] == "warm"
    assert untouched.outputs == old.outputs


def test_what_is_not_known_is_said_and_changes_nothing(world: World) -> None:
    photo = world.drop("A.DNG")

    with pytest.raises(NoSuchPreset):
        world.client.set_session_preset(world.session_id, "?")
    with pytest.raises(NoSuchSession):
        world.client.set_session_preset("?", "warm")
    with pytest.raises(NoSuchPreset):
        world.client.apply_preset([photo.id], "?")
    with pytest.raises(NoSuchPhoto):
        world.client.apply_preset([photo.id, "?"], "warm")
    with pytest.raises(NoSuchPhoto):
        world.client.set_discarded([photo.id, "?"], discarded=True)
    with pytest.raises(InvalidParameter):
        world.client.set_capture_time([photo.id])
    with pytest.raises(InvalidParameter):
        world.client.set_capture_time([photo.id], at_usec=1, offset_usec=1)

    assert world.photo("A.DNG") == photo
    assert world.sidecar("A.DNG")["adjustments"]["darkroomd"]["presetId"] == "neutral"


def test_an_applied_preset_replaces_the_old_one_but_not_what_a_person_changed(world: World) -> None:
    world.client.set_session_preset(world.session_id, "warm")
    photo = world.drop("A.DNG")
    world.edit("A.DNG", temperature=40)
    world.until_developed()

    count = world.client.apply_preset([photo.id, photo.id], "bw")
    world.until_developed()

    adjustments = world.sidecar("A.DNG")["adjustments"]
    assert count == 1
    assert (adjustments["temperature"], adjustments["saturation"]) == (40, -100)
    assert "glowAmount" not in adjustments
    assert world.photo("A.DNG").preset_id == "bw"


def test_an_edited_sidecar_develops_anew_and_notes_in_it_do_not(world: World) -> None:
    photo = world.drop("A.DNG")
    document = world.sidecar("A.DNG")
    (world.raw / "A.DNG.rrdata").write_text(json.dumps({**document, "rating": 4, "tags": ["color:red"]}))
    world.drop("B.DNG")
    unchanged = world.photo("A.DNG")

    world.edit("A.DNG", exposure=1.5, flareAmount=3)
    world.daemon.wait_for("sidecar_edited")
    world.until_developed()
    edited = world.photo("A.DNG")

    [job] = [job for job in world.client.list_jobs() if job.kind == "backfill"]
    assert unchanged == photo
    assert (edited.unsupported, edited.preset_id) == (("flareAmount",), "neutral")
    assert (job.priority, job.progress.total) == ("low", 1)
    assert world.sidecar("A.DNG")["rating"] == 4


def test_a_half_written_sidecar_is_waited_for(world: World) -> None:
    world.drop("A.DNG")
    sidecar = world.raw / "A.DNG.rrdata"
    document = world.sidecar("A.DNG")
    document["adjustments"]["flareAmount"] = 20
    whole = json.dumps(document)

    sidecar.write_text(whole[:40])
    world.drop("B.DNG")
    sidecar.write_text(whole)
    world.daemon.wait_for("sidecar_edited")

    assert world.photo("A.DNG").unsupported == ("flareAmount",)
    assert sorted(world.raw.glob("*.bak")) == []


def test_a_sidecar_that_stays_broken_is_kept_aside_and_written_anew(world: World) -> None:
    world.drop("A.DNG")

    (world.raw / "A.DNG.rrdata").write_text("{")
    line = world.daemon.wait_for("sidecar_unreadable")

    assert line["kept"] == str(world.raw / "A.DNG.rrdata.bak")
    assert (world.raw / "A.DNG.rrdata.bak").read_text() == "{"
    assert world.sidecar("A.DNG")["adjustments"]["darkroomd"]["presetId"] == "neutral"


def test_a_rating_discards_a_photo_and_taking_it_back_restores_it(world: World) -> None:
    make_dng(world.folder / "A.DNG")
    (world.raw / "A.xmp").write_text(XMP % -1, encoding="utf-16")
    (world.folder / "A.DNG").rename(world.raw / "A.DNG")
    world.daemon.wait_for("photo_queued")
    discarded = world.photo("A.DNG")
    counts = world.client.get_session(world.session_id)

    (world.raw / "A.xmp").unlink()
    world.until_developed()
    restored = world.photo("A.DNG")
    (world.raw / "A.DNG.xmp").write_text(XMP % -1)
    world.daemon.wait_for("photo_rated")
    again = world.photo("A.DNG")

    assert (discarded.discarded_by, discarded.outputs, counts.discarded_count) == ("xmp", (), 1)
    assert counts.pending_count == 0
    assert restored.discarded_by is None
    assert again.discarded_by == "xmp"
    assert [photo.id for photo in world.client.list_photos(world.session_id, discarded=True)] == [again.id]


def test_what_waits_for_a_discarded_photo_is_skipped_and_goes_on_once_it_is_restored(world: World) -> None:
    world.client.pause_queue()
    make_dng(world.folder / "A.DNG").rename(world.raw / "A.DNG")
    world.daemon.wait_for("photo_queued")
    photo = world.photo("A.DNG")

    discarded = world.client.set_discarded([photo.id], discarded=True)
    [job] = world.client.list_jobs()
    [item] = world.client.list_items(job.id)
    restored = world.client.set_discarded([photo.id], discarded=False)
    world.client.resume_queue()
    world.until_developed()

    assert (discarded, restored) == (1, 1)
    assert (job.state, item.state, item.failure and item.failure.code) == (
        "completed",
        "skipped",
        "photo.discarded",
    )


def test_a_corrected_time_is_in_the_output_once_that_is_made_anew(world: World) -> None:
    photo = world.drop("A.DNG")
    assert photo.captured_at_usec is not None

    world.client.set_capture_time([photo.id], at_usec=photo.captured_at_usec + 90_000_000)
    world.until_developed()

    with Image.open(world.folder / "party" / "Jpg" / "A.jpg") as picture:
        taken = picture.getexif().get_ifd(IFD.Exif)[36867]
    assert taken == "2024:05:04 10:31:45"
    assert world.photo("A.DNG").state == "developed"


def test_corrected_times_and_discarding_survive_the_loss_of_the_database(tmp_path: Path) -> None:
    for world in start(tmp_path):
        photo = world.drop("A.DNG")
        world.client.set_capture_time([photo.id], offset_usec=-3_600_000_000)
        world.until_developed()
        world.client.set_discarded([photo.id], discarded=True)
        before = world.photo("A.DNG")
    for path in (tmp_path / "state").glob("queue.db*"):
        path.unlink()
    for world in start(tmp_path):
        world.daemon.wait_for("output_adopted")
        after = world.photo("A.DNG")

    assert photo.captured_at_usec is not None
    assert before.corrected_at_usec == photo.captured_at_usec - 3_600_000_000
    assert (after.corrected_at_usec, after.discarded_by) == (before.corrected_at_usec, "user")


def test_what_unreadable_files_said_or_caused_survives_the_loss_of_the_database(tmp_path: Path) -> None:
    for world in start(tmp_path):
        (world.raw / "A.DNG.rrdata").write_text("{")
        photo = world.drop("A.DNG")
        (world.raw / "A.xmp").write_text(XMP % -1)
        world.daemon.wait_for("photo_rated")
        (world.raw / "A.xmp").write_text("")
    for path in (tmp_path / "state").glob("queue.db*"):
        path.unlink()
    for world in start(tmp_path):
        world.daemon.wait_for("output_adopted")
        after = world.photo("A.DNG")
    record = json.loads((tmp_path / "party" / "boothy.session.json").read_text())

    assert (photo.discarded_by, after.discarded_by) == (None, "xmp")
    assert record["photos"][0]["warnings"] == ["sidecar.unreadable"]


def test_where_it_is_asked_for_photos_fail_instead_of_being_developed_otherwise(strict: World) -> None:
    make_dng(strict.folder / "A.DNG").rename(strict.raw / "A.DNG")
    strict.daemon.wait_for("item_failed", code="preset.unsupported")
    (strict.raw / "B.DNG.rrdata").write_text("{")
    make_dng(strict.folder / "B.DNG").rename(strict.raw / "B.DNG")
    strict.daemon.wait_for("item_failed", code="sidecar.unreadable")
    failed = strict.photo("A.DNG")

    strict.client.apply_preset([failed.id], "neutral")
    strict.until_developed()

    assert failed.failure is not None
    assert failed.failure.context["unsupported"] == ["glowAmount"]
    assert (strict.raw / "B.DNG.rrdata").read_text() == "{"


def test_a_crop_that_misses_the_picture_is_told_until_it_is_another(tmp_path: Path) -> None:
    aside = {"crop": {"x": 5000, "y": 0, "width": 9, "height": 9}}
    for world in start(tmp_path):
        (world.raw / "A.DNG.rrdata").write_text(json.dumps({"adjustments": aside}))
        missed = world.drop("A.DNG")
        world.client.rescan_session(world.session_id)
        rescanned = world.photo("A.DNG")
    for path in (tmp_path / "state").glob("queue.db*"):
        path.unlink()
    for world in start(tmp_path):
        world.daemon.wait_for("output_adopted")
        adopted = world.photo("A.DNG")
        world.edit("A.DNG", crop={"x": 5, "y": 0, "width": 9, "height": 9})
        world.until_developed()
        met = world.photo("A.DNG")

    assert (missed.state, missed.unsupported) == ("developed", ("crop",))
    assert (rescanned.state, rescanned.unsupported) == ("developed", ("crop",))
    assert (adopted.state, adopted.unsupported) == ("developed", ("crop",))
    assert (met.state, met.unsupported) == ("developed", ())


def test_a_crop_that_misses_the_picture_fails_where_everything_is_to_be_honoured(strict: World) -> None:
    aside = {"glowAmount": 0, "crop": {"x": 5000, "y": 0, "width": 9, "height": 9}}
    (strict.raw / "A.DNG.rrdata").write_text(json.dumps({"adjustments": aside}))
    strict.client.set_session_preset(strict.session_id, "neutral")
    make_dng(strict.folder / "A.DNG").rename(strict.raw / "A.DNG")
    line = strict.daemon.wait_for("item_failed", code="preset.unsupported")
    strict.client.wait_job(line["job"], timeout_usec=PATIENCE_USEC)

    failed = strict.photo("A.DNG")

    assert failed.failure is not None
    assert failed.failure.context["unsupported"] == ["crop"]
    assert list((strict.folder / "party" / "Jpg").iterdir()) == []


@pytest.mark.parametrize(
    "mend",
    [
        pytest.param(lambda sidecar: sidecar.write_text("{}"), id="repaired"),
        pytest.param(lambda sidecar: sidecar.unlink(), id="removed"),
    ],
)
def test_a_photo_that_failed_for_its_sidecar_is_developed_once_that_is_mended(
    tmp_path: Path, mend: Callable[[Path], object]
) -> None:
    for world in start(tmp_path, config=QUICK + '[presets]\nunreadable_sidecar = "fail"\n'):
        sidecar = world.raw / "A.DNG.rrdata"
        sidecar.write_text("{")
        make_dng(world.folder / "A.DNG").rename(world.raw / "A.DNG")
        line = world.daemon.wait_for("item_failed", code="sidecar.unreadable")
        world.client.wait_job(line["job"], timeout_usec=PATIENCE_USEC)

        mend(sidecar)
        world.until_developed()

        assert world.photo("A.DNG").state == "developed"


def test_the_command_line_does_it_all(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.drop("A.DNG")
    path = str(world.raw / "A.DNG")

    statuses = [
        world.darkroom("presets"),
        world.darkroom("--json", "presets"),
        world.darkroom("session", "preset", "party", "warm"),
        world.darkroom("session", "preset", "party", "--default"),
        world.darkroom("discard", "A.DNG"),
        world.darkroom("restore", path, "A.DNG"),
        world.darkroom("set-time", "A.DNG", "--offset", "-1h30m"),
        world.darkroom("set-time", path, "--clear", "--json"),
        world.darkroom("apply-preset", "neutral", path),
        world.darkroom("discard", "nothing.DNG"),
        world.darkroom("set-time", path, "--offset", "soon"),
    ]

    told = capsys.readouterr()
    assert statuses == [0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 2]
    assert "Photos that arrive in party from now on get the preset warm." in told.out
    assert "1 photo discarded." in told.out
    assert "1 photo restored." in told.out
    assert "1 photo corrected." in told.out
    assert '{"count":1}' in told.out


def test_an_unknown_default_preset_refuses_the_start_and_names_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "Raw").mkdir()
    config = '[presets]\ndefault = "wram"\n'

    with running(tmp_path, "--session", str(tmp_path), config=config, ready=False) as daemon:
        refusal = daemon.wait_for("start_refused")
        status = daemon.ended()

    assert (refusal["code"], status) == ("config.unknown_preset", 2)
    assert "bw, neutral" in refusal["message"]


def test_odd_names_have_sidecars_and_ratings_too(world: World) -> None:
    odd = os.fsdecode(b"od\xff\n.DNG")
    make_dng(world.folder / "x.DNG").rename(world.raw / odd)
    world.until_developed()

    (world.raw / os.fsdecode(b"od\xff\n.xmp")).write_text(XMP % -1)
    world.daemon.wait_for("photo_rated")

    [photo] = world.client.list_photos(world.session_id)
    assert photo.discarded_by == "xmp"


def test_a_cube_file_that_is_gone_takes_no_finished_picture_with_it(tmp_path: Path) -> None:
    cube = tmp_path / "dark.cube"
    cube.write_bytes(b"LUT_3D_SIZE 2\n" + b"0.1 0.1 0.1\n" * 8)
    for world in start(tmp_path):
        (world.raw / "A.DNG.rrdata").write_text(json.dumps({"adjustments": {"lutPath": str(cube)}}))
        before = world.drop("A.DNG")
        jpeg = Path(before.outputs[0].file.path or "")
        content = jpeg.read_bytes()
    cube.unlink()

    for world in start(tmp_path):
        arrived = world.drop("B.DNG")
        world.client.rescan_session(world.session_id)
        after = world.photo("A.DNG")

    assert (before.unsupported, arrived.unsupported) == ((), ())
    assert (after.state, after.unsupported, jpeg.read_bytes()) == ("developed", (), content)
