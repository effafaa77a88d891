"""A state that is moved to another place, with real daemons: nothing is lost, and nothing developed again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from darkroom.client import Client
from darkroom.protocol.types import JobState
from forked import running
from make import make_dng
from running import PATIENCE_SECONDS, Daemon

PHOTOS = ("A.DNG", "B.DNG", os.fsdecode(b"caf\xe9\n.DNG"))


def state(action: str, *words: str, folder: Path, program: Sequence[str] = ("darkroomd",)) -> str:
    """Run `state` of a program on the state in a folder; return what it printed."""
    modules = {"darkroomd": "darkroomd", "darkroom": "darkroom.cli.main"}
    command = ["state", action, *words, "--state-dir", str(folder / "state")]
    done = subprocess.run(
        [sys.executable, "-m", modules[program[0]], *program[1:], *command],
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


def make_session(folder: Path) -> Path:
    raw = folder / "Raw"
    raw.mkdir(parents=True)
    for number, name in enumerate(PHOTOS):
        make_dng(raw / name, width=96 + 2 * number)
    return folder


def until_idle(daemon: Daemon, client: Client) -> None:
    for reply in client.stream("io.darkroomd.Darkroom.GetSummary", {"intervalUsec": 20_000}):
        queue = reply["summary"]["queue"]
        if (queue["queuedItems"], queue["runningItems"]) == (0, 0):
            return
    raise AssertionError(daemon.lines)


def copied(source: Path, target: Path) -> None:
    """Copy folders as a person does who moves to another machine: with other inodes, and the same times."""
    subprocess.run(["/bin/cp", "-a", str(source), str(target)], check=True)


def developed(daemon: Daemon) -> list[str]:
    return [line["raw"] for line in daemon.lines if line.get("event") in {"item_started", "photo_queued"}]


def live(folder: Path) -> None:
    """Have a session in a root and one that was added developed, and pause the queue."""
    sessions = [make_session(folder / "root" / "party"), make_session(folder / "added")]
    with running(folder) as daemon, Client(daemon.socket) as client:
        client.call("io.darkroomd.Darkroom.AddRoot", {"folder": {"path": str(sessions[0].parent)}})
        client.add_session(sessions[1])
        daemon.wait_for_all("item_developed", 2 * len(PHOTOS))
        until_idle(daemon, client)
        client.pause_queue(reason="moving")
        export = state("export", str(folder / "state.tar"), folder=folder)
        assert daemon.stop() == 0
    assert "The state was written" in export


def test_a_state_that_was_moved_with_its_sessions_develops_nothing_again(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    live(tmp_path / "old")
    new = tmp_path / "new"
    new.mkdir()
    copied(tmp_path / "old" / "root", new / "sessions")
    copied(tmp_path / "old" / "added", new / "sessions" / "wedding")
    shutil.move(tmp_path / "old" / "state.tar", tmp_path / "state.tar")
    shutil.rmtree(tmp_path / "old")

    said = state(
        "import",
        str(tmp_path / "state.tar"),
        "--map",
        f"{tmp_path}/old/root={new}/sessions",
        "--map",
        f"{tmp_path}/old/added={new}/sessions/wedding",
        folder=new,
    )
    with running(new) as daemon, Client(daemon.socket) as client:
        daemon.wait_for_all("raw_unchanged", 2 * len(PHOTOS))
        until_idle(daemon, client)
        sessions = {one.folder.path: one for one in client.list_sessions()}
        jobs = {job.state for job in client.list_jobs()}
        paused = client.get_queue()
        roots = client.list_roots()
        photos = list(client.list_photos(sessions[f"{new}/sessions/party"].id))
        assert daemon.stop() == 0

    assert "2 sessions and 1 root" in said
    assert developed(daemon) == []
    assert [(path, one.developed_count) for path, one in sorted(sessions.items())] == [
        (f"{new}/sessions/party", 3),
        (f"{new}/sessions/wedding", 3),
    ]
    assert jobs == {JobState.COMPLETED}
    assert (paused.paused, paused.paused_reason) == (True, "moving")
    assert [root.folder.path for root in roots] == [f"{new}/sessions"]
    places = [output.file.path or "" for photo in photos for output in photo.outputs]
    assert len(places) == len(PHOTOS)
    assert all(place.startswith(f"{new}/sessions/party/Jpg/") for place in places)


def test_the_client_hands_the_same_verbs_to_the_daemons_program(tmp_path: Path) -> None:
    with running(tmp_path) as daemon, Client(daemon.socket) as client:
        client.add_session(make_session(tmp_path / "session"))
        daemon.wait_for_all("item_developed", len(PHOTOS))
        said = state("export", str(tmp_path / "out"), folder=tmp_path, program=("darkroom", "--json"))
        assert daemon.stop() == 0
    (tmp_path / "other").mkdir()

    taken = state("import", str(tmp_path / "out"), "--json", folder=tmp_path / "other", program=("darkroom",))

    assert json.loads(said)["kind"] == "darkroomd state"
    assert json.loads(taken) == {"sessions": 1, "roots": 0, "missing": [], "kept": None}


def test_a_daemon_that_runs_keeps_its_state_from_being_replaced(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        state("export", str(tmp_path / "out"), folder=tmp_path)
        command = ["state", "import", "--replace", str(tmp_path / "out"), "--state-dir", str(daemon.state)]
        done = subprocess.run(
            [sys.executable, "-m", "darkroomd", *command],
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

        assert daemon.stop() == 0

    assert done.returncode == 1
    assert b"state.in_use" in done.stderr
