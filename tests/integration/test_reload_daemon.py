"""The real daemon whose configuration is read again: what changes, what waits, and that nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from darkroom import Client
from darkroom.cli.main import main
from darkroom.errors import InvalidConfiguration
from darkroom.protocol.replies import ReloadReply
from darkroom.protocol.types import ItemState, JobState
from make import make_dng
from on_terminal import on_a_terminal
from running import PATIENCE_SECONDS, QUICK, Daemon, arguments, running

WORKERS = min(2, os.cpu_count() or 1)
NOTHING = ReloadReply(changed=(), warnings=())


@dataclass(frozen=True)
class World:
    """A daemon, and the file that its configuration is read from."""

    daemon: Daemon
    client: Client
    folder: Path

    def write(self, *, top: str = "", tables: str = "") -> None:
        (self.folder / "config.toml").write_text(f"{top}\n{QUICK}\n{tables}")

    def reload(self, *, top: str = "", tables: str = "") -> ReloadReply:
        self.write(top=top, tables=tables)
        return self.client.reload()

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on what the daemon answers holds; looked at whenever something happens."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self.client.watch() as events:
            while events.next_within(max(0.0, deadline - time.monotonic())) is not None:
                if condition():
                    return
        raise AssertionError(f"It does not hold after {PATIENCE_SECONDS} s.")

    def developed(self, name: str) -> int:
        found = [one.developed_count for one in self.client.list_sessions() if one.name == name]
        return sum(found)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("reload").resolve()
    with running(folder) as daemon, Client(daemon.socket) as client:
        yield World(daemon, client, folder)


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    """The daemon with the configuration it was started with."""
    shared.reload()
    yield shared
    shared.write()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[World]:
    """A daemon whose photos no other test has to see made again."""
    with running(tmp_path) as daemon, Client(daemon.socket) as client:
        yield World(daemon, client, tmp_path.resolve())


def make_session(folder: Path, *names: str) -> Path:
    (folder / "Raw").mkdir(parents=True)
    for name in names:
        make_dng(folder / "Raw" / name)
    return folder


def outputs_in(world: World, session_id: str) -> dict[str, int]:
    """Return how many outputs each folder of a session holds by the daemon's word."""
    photos = world.client.list_photos(session_id)
    places = [Path(output.file.path or "").parent.name for photo in photos for output in photo.outputs]
    return dict(Counter(places))


def is_idle(world: World) -> bool:
    queue = world.client.get_queue()
    return queue.queued_items + queue.running_items == 0


def quoted(*folders: Path) -> str:
    return json.dumps([str(folder) for folder in folders])


def test_a_configuration_that_is_in_force_changes_nothing(world: World) -> None:
    assert world.client.reload() == NOTHING
    assert world.client.reload() == NOTHING


def test_what_changed_is_named_in_order_and_is_in_force(world: World) -> None:
    reply = world.reload(
        top="workers = 1", tables="[failures]\nleast_tried = 7\n[archive]\nmethod = 'reflink'\n"
    )

    assert reply == ReloadReply(changed=("archive.method", "failures.least_tried"), warnings=())
    assert world.client.reload() == NOTHING


def test_a_group_is_let_in_and_out_again(world: World) -> None:
    def mode() -> int:
        return stat.S_IMODE(world.daemon.socket.stat().st_mode)

    before = mode()
    let_in = world.reload(tables=f"[socket]\ngroup = '{os.getgid()}'\n")
    between = mode()
    [checked] = [check.message for check in world.client.get_health().checks if check.name == "socket"]
    let_out = world.reload()

    assert (let_in.changed, let_in.warnings) == (("socket.group",), ())
    assert let_out == let_in
    assert (before, between, mode()) == (0o600, 0o660, 0o600)
    assert checked.endswith("mode 0660.")


def test_nothing_is_applied_of_a_configuration_with_a_fault_and_all_of_it_once_that_is_mended(
    world: World,
) -> None:
    with pytest.raises(InvalidConfiguration, match="least_tryed") as refused:
        world.reload(tables="[archive]\nmethod = 'reflink'\n[failures]\nleast_tryed = 1\n")

    [problem] = refused.value.context["problems"]
    assert str(world.folder / "config.toml") in problem
    assert "failures.least_tryed" in problem
    mended = world.reload(tables="[archive]\nmethod = 'reflink'\n[failures]\nleast_tried = 1\n")
    assert mended.changed == ("archive.method", "failures.least_tried")


def test_a_folder_that_is_not_there_is_a_fault(world: World) -> None:
    with pytest.raises(InvalidConfiguration, match="nowhere"):
        world.reload(top=f"workers = 1\nsessions = {quoted(world.folder / 'nowhere')}")

    assert world.reload() == NOTHING


def test_a_folder_that_is_watched_may_be_away(world: World) -> None:
    folder = make_session(world.folder / "Card")
    line = f"sessions = {quoted(folder)}"
    world.reload(top=line)
    folder.rename(world.folder / "Taken")

    reply = world.reload(top=line, tables="[failures]\nleast_tried = 2\n")

    assert reply.changed == ("failures.least_tried",)


def test_a_session_comes_and_goes_with_its_line_and_nothing_of_it_is_lost(world: World) -> None:
    folder = make_session(world.folder / "Wedding", "a.dng")

    added = world.reload(top=f"sessions = {quoted(folder)}")
    world.until(lambda: world.developed("Wedding") == 1)
    removed = world.reload()
    make_dng(folder / "Raw" / "b.dng")
    [session] = [one for one in world.client.list_sessions() if one.name == "Wedding"]
    again = world.reload(top=f"sessions = {quoted(folder)}")

    assert added.changed == removed.changed == again.changed == ("sessions",)
    assert (session.watch_mode, session.developed_count) == ("unavailable", 1)
    world.until(lambda: world.developed("Wedding") == 2)
    world.daemon.wait_for("session_let_go", session=session.id)


def test_a_session_that_somebody_added_is_not_let_go_with_its_line(world: World) -> None:
    folder = make_session(world.folder / "Party")
    world.reload(top=f"sessions = {quoted(folder)}")
    session = world.client.add_session(folder).session

    world.reload()

    assert world.client.get_session(session.id).watch_mode != "unavailable"


def test_a_session_whose_root_is_named_in_its_place_stays_watched(world: World) -> None:
    folder = make_session(world.folder / "hall" / "Gala", "a.dng")
    world.reload(top=f"sessions = {quoted(folder)}")
    world.until(lambda: world.developed("Gala") == 1)

    reply = world.reload(top=f"roots = {quoted(folder.parent)}")

    assert reply.changed == ("roots", "sessions")
    assert [Path(root.folder.path or "") for root in world.client.list_roots()] == [folder.parent]
    make_dng(folder / "Raw" / "b.dng")
    world.until(lambda: world.developed("Gala") == 2)
    world.reload()
    assert world.client.list_roots() == ()
    [session] = [one for one in world.client.list_sessions() if one.name == "Gala"]
    assert session.watch_mode == "unavailable"


def test_a_new_recipe_makes_its_outputs_of_all_photos_that_are_there(alone: World) -> None:
    folder = make_session(alone.folder / "Recipes", "a.dng", "b.dng")
    session = alone.client.add_session(folder).session
    alone.until(lambda: alone.developed("Recipes") == 2)
    first = {path.name: path.read_bytes() for path in (folder / "Jpg").iterdir()}
    recipes = "[[recipe]]\nname = 'jpg'\n[[recipe]]\nname = 'web'\nfolder = 'Web'\nquality = {}\n"

    reply = alone.reload(tables=recipes.format(50))
    alone.until(lambda: outputs_in(alone, session.id) == {"Jpg": 2, "Web": 2})
    small = (folder / "Web" / "a.jpg").stat().st_size
    alone.reload(tables=recipes.format(95))
    make_dng(folder / "Raw" / "c.dng")
    alone.until(lambda: outputs_in(alone, session.id) == {"Jpg": 3, "Web": 3} and is_idle(alone))

    assert reply == ReloadReply(changed=("recipe",), warnings=())
    assert (folder / "Web" / "a.jpg").stat().st_size > small
    assert (folder / "Web" / "b.jpg").stat().st_size > small
    assert {name: (folder / "Jpg" / name).read_bytes() for name in first} == first


def test_a_photo_in_work_while_the_recipes_change_is_made_by_the_new_ones_as_well(alone: World) -> None:
    folder = make_session(alone.folder / "Racing")
    session = alone.client.add_session(folder).session
    alone.daemon.wait_for("session_found", session=session.id)
    names = [f"{number}.dng" for number in range(6)]
    for name in names:
        make_dng(folder / "Raw" / name, width=900, height=600)
    alone.daemon.wait_for("item_started")

    for number in range(4):
        alone.reload(tables=f"[[recipe]]\nname = 'r{number}'\nfolder = 'Out{number}'\n")
    alone.until(lambda: len(list(folder.glob("Out3/*.jpg"))) == len(names) and is_idle(alone))

    assert sorted(path.stem for path in (folder / "Out3").glob("*.jpg")) == [name[0] for name in names]
    assert list(folder.glob("*/.*.part")) == []
    errors = [line for line in alone.daemon.lines if line.get("level") in {"error", "critical"}]
    assert errors == []


def test_the_schedule_closes_and_opens_at_once(world: World) -> None:
    folder = make_session(world.folder / "Night")
    session = world.client.add_session(folder).session
    world.daemon.wait_for("session_found", session=session.id)
    begin, end = (time.strftime("%H:%M", time.localtime(time.time() + hours * 3600)) for hours in (10, 11))

    world.reload(tables=f'[schedule]\nallow = ["{begin}-{end}"]\n')
    closed = world.client.get_queue().wait_reasons
    make_dng(folder / "Raw" / "a.dng")
    world.until(lambda: world.client.get_session(session.id).pending_count == 1)
    world.reload()

    assert closed == ("schedule",)
    world.until(lambda: world.developed("Night") == 1)


def test_presets_come_from_the_folder_that_is_named_now(world: World) -> None:
    folder = world.folder / "looks"
    folder.mkdir()
    (folder / "mine.json").write_text(json.dumps({"name": "Mine", "adjustments": {"exposure": 0.5}}))

    reply = world.reload(tables=f"[presets]\nfolder = '{folder}'\ndefault = 'mine'\n")

    assert reply.changed == ("presets.default", "presets.folder")
    assert "mine" in {preset.id for preset in world.client.list_presets()}
    world.reload()
    assert "mine" not in {preset.id for preset in world.client.list_presets()}


def test_the_log_says_from_now_on_what_it_is_to_say(world: World) -> None:
    world.reload(tables="[log.levels]\napi = 'error'\n")

    reply = world.reload()

    assert reply.changed == ("log.levels.api",)


def test_a_watcher_hears_of_it(world: World) -> None:
    with world.client.watch(kinds=["config.reloaded"]) as events:
        ready = events.next_within(PATIENCE_SECONDS)
        world.client.reload()
        event = events.next_within(PATIENCE_SECONDS)

    assert [told and told.kind for told in (ready, event)] == ["ready", "config.reloaded"]


def test_a_storm_of_signals_ends_in_what_the_file_says(world: World) -> None:
    world.write(tables="[failures]\nleast_tried = 9\n")

    for _ in range(200):
        world.daemon.process.send_signal(signal.SIGHUP)
    world.daemon.wait_for("config_reloaded", changed=["failures.least_tried"])

    assert world.client.reload() == NOTHING
    reloads = [line for line in world.daemon.lines if line["event"] == "config_reloaded"]
    assert len(reloads) < 200
    assert world.daemon.process.poll() is None


def test_photos_are_developed_once_each_through_fifty_reloads_from_all_sides(world: World) -> None:
    names = [f"{number}.dng" for number in range(30)]
    folder = make_session(world.folder / "Load")
    session = world.client.add_session(folder).session
    world.daemon.wait_for("session_found", session=session.id)

    def reload(_number: int) -> ReloadReply:
        with Client(world.daemon.socket) as client:
            return client.reload()

    for name in names:
        make_dng(folder / "Raw" / name)
    with ThreadPoolExecutor(4) as callers:
        for number in range(10):
            log = "[log.levels]\nworker = 'info'\n" * (number % 2)
            world.write(
                top=f"workers = {1 + number % WORKERS}",
                tables=f"[failures]\nleast_tried = {number + 5}\n{log}",
            )
            list(callers.map(reload, range(5)))
    world.until(lambda: world.developed("Load") == len(names))

    jobs = [job for job in world.client.list_jobs() if job.session_id == session.id]
    items = [item for job in jobs for item in world.client.list_items(job.id)]
    assert {item.state for item in items} == {ItemState.COMPLETED}
    assert len(items) == len(names)


def test_exports_and_archives_go_on_while_the_configuration_is_read_again(alone: World) -> None:
    folder = make_session(alone.folder / "Busy", *(f"{number}.dng" for number in range(8)))
    session = alone.client.add_session(folder).session
    alone.until(lambda: alone.developed("Busy") == 8)

    export = alone.client.start_export(session.id, force=True).job_id
    assert export is not None
    for number in range(5):
        alone.reload(tables=f"[failures]\nleast_tried = {number + 1}\n[log.levels]\nworker = 'info'\n")
    alone.client.wait_job(export)
    destination = alone.folder / "archive"
    archive = alone.client.start_archive([session.id], destination=destination).job_id
    assert archive is not None
    for number in range(5):
        alone.reload(tables=f"[archive]\nmethod = '{('copy', 'reflink')[number % 2]}'\n")
    ended = alone.client.wait_job(archive)

    assert alone.client.get_job(export).progress.completed == 8
    assert (ended.state, ended.progress.completed) == (JobState.COMPLETED, 8)
    assert len(list(destination.rglob("*.jpg"))) == 8


def test_the_command_tells_what_became_of_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write(tables="[failures]\nleast_tried = 3\n")

    status = main(["--socket", str(world.daemon.socket), "reload"])
    told = capsys.readouterr().out
    again = main(["--socket", str(world.daemon.socket), "reload", "--json"])
    document = json.loads(capsys.readouterr().out)

    assert (status, told) == (0, "In force now: failures.least_tried.\n")
    assert (again, document) == (0, {"changed": [], "warnings": []})


def test_a_terminal_that_is_closed_still_ends_the_daemon_on_it(tmp_path: Path) -> None:
    with on_a_terminal(*arguments(tmp_path), command=(sys.executable, "-m", "darkroomd")) as terminal:
        terminal.wait_for(b'"event":"ready"')

        status = terminal.end(signal.SIGHUP)

    assert status == 0
    assert b'"event":"stopped"' in terminal.shown


def test_a_daemon_that_is_told_to_stop_while_it_reloads_stops_in_order(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        for _ in range(20):
            daemon.process.send_signal(signal.SIGHUP)

        assert daemon.stop() == 0

    assert daemon.lines[-1]["event"] == "stopped"
