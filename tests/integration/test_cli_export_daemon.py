"""`darkroom export` from the command line to the real daemon."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

from darkroom import Client
from darkroom.cli.main import main
from darkroom.errors import DevelopmentFailed
from darkroom.protocol.types import JobFilter, JobState
from forked import running
from make import make_dng
from on_terminal import COMMAND, on_a_terminal
from running import PATIENCE_SECONDS, QUICK, Daemon

PATIENCE_USEC = int(PATIENCE_SECONDS * 1_000_000)


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a running daemon."""

    daemon: Daemon
    client: Client
    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def id(self) -> str:
        return next(each.id for each in self.client.list_sessions() if each.name == self.name)

    def put(self, name: str, *, damaged: bool = False) -> Path:
        """Put a photo into the session in one step."""
        before = self.folder / f".{name}"
        whole = make_dng(before).read_bytes()
        before.write_bytes(whole[:-4000] if damaged else whole)
        return before.rename(self.folder / "Raw" / name)

    def put_developed(self, *names: str) -> None:
        """Put photos into the session, and wait until they are developed."""
        for name in names:
            self.client.wait_until_developed(self.put(name), timeout_usec=PATIENCE_USEC)

    def run(self, *words: str) -> int:
        """Run `darkroom export` with this session."""
        return main(["--socket", str(self.daemon.socket), "export", self.name, *words])

    def put_failing(self, name: str) -> None:
        """Put a photo into the session that cannot be developed, and wait until that is known."""
        raw = self.put(name, damaged=True)
        with pytest.raises(DevelopmentFailed):
            self.client.wait_until_developed(raw, timeout_usec=PATIENCE_USEC)

    def put_waiting(self, name: str) -> None:
        """Pause the queue, put a photo into the session, and wait until it is queued."""
        self.client.pause_queue()
        self.daemon.wait_for("photo_queued", raw=str(self.put(name)))


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("export")
    (folder / "root").mkdir()
    with running(folder, "--root", str(folder / "root")) as daemon:
        yield daemon


@pytest.fixture
def session(daemon: Daemon) -> Iterator[Session]:
    """Give an empty session of the test's own."""
    folder = Path(mkdtemp(prefix="session-", dir=daemon.socket.parent / "root"))
    (folder / "Raw").mkdir(parents=True)
    with Client(daemon.socket) as client:
        session = client.add_session(folder).session
        yield Session(daemon, client, folder)
        client.resume_queue()
        client.remove_session(session.id, cancel_jobs=True)
    # Reads the log up to here: a daemon whose log nobody reads stands still in the end.
    daemon.wait_for("session_let_go", session=session.id)


def test_an_export_of_what_is_up_to_date_has_nothing_to_do(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.put_developed("A.DNG", "B.DNG")
    before = (session.folder / "Jpg" / "A.jpg").stat()

    status = session.run("--wait")

    told = capsys.readouterr().out.splitlines()
    assert status == 0
    assert told[0].endswith(f"develops 2 photos of {session.name}.")
    assert told[-1].startswith("0 photos developed, nothing to do for 2; it took ")
    assert (session.folder / "Jpg" / "A.jpg").stat() == before


def test_whoever_waits_is_told_which_photos_failed_and_why(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.put_developed("A.DNG")
    session.put_failing("BAD.DNG")
    (session.folder / "Jpg" / "A.jpg").unlink()

    status = session.run("--wait")

    told = capsys.readouterr().out.splitlines()
    assert status == 1
    assert told[-3].startswith("1 photo developed, 1 failed; it took ")
    assert told[-2].startswith("  BAD.DNG  raw.truncated: ")
    assert told[-1].endswith(" tries once more what failed.")


def test_an_export_says_in_one_line_what_it_is_and_what_is_not_in_it(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.put_developed("A.DNG", "B.DNG")
    session.client.set_discarded(
        [photo.id for photo in session.client.list_photos(session.id)][:1], discarded=True
    )

    with (session.folder / "Raw" / "C.DNG").open("wb") as arriving:
        arriving.write(b"x")
        arriving.flush()
        session.daemon.wait_for("photo_detected", raw=str(session.folder / "Raw" / "C.DNG"))
        status = session.run()

    [line] = capsys.readouterr().out.splitlines()
    assert status == 0
    assert (
        f"develops 1 photo of {session.name}. Not in it: 1 discarded, 1 still arriving. `darkroom wait "
        in line
    )


def test_an_export_of_some_photos_says_nothing_of_others_that_are_not_in_it(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.put_developed("A.DNG", "B.DNG")
    photos = {
        Path(photo.original.path or "").name: photo.id for photo in session.client.list_photos(session.id)
    }
    session.client.set_discarded([photos["A.DNG"]], discarded=True)

    others = session.run("B.DNG", "--wait")
    of_others = capsys.readouterr().out
    named = session.run("A.DNG", "B.DNG", "--wait")
    of_named = capsys.readouterr().out

    assert (others, "Not in it" in of_others) == (0, False)
    assert (named, of_named.splitlines()[-1]) == (0, "Not in it: 1 discarded.")


def test_a_dry_run_tells_what_would_be_developed_and_why_and_starts_nothing(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.put_developed("A.DNG", "B.DNG", "C.DNG")
    session.put_failing("D.DNG")
    # The background would make what is gone again, as soon as it sees that.
    session.client.pause_queue()
    (session.folder / "Jpg" / "B.jpg").unlink()
    (session.folder / "Jpg" / "C.jpg").write_bytes(b"\xff\xd8 somebody's own \xff\xd9")
    of_exports = JobFilter(kinds=("export",))
    exports = list(session.client.list_jobs(of_exports))

    status = session.run("--dry-run")
    told = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    session.run("A.DNG", "--dry-run", "--force", "--json")
    reply, line = (json.loads(line) for line in capsys.readouterr().out.splitlines())

    assert status == 0
    assert sorted(told[1:-1]) == [
        "A.DNG skip it is developed and up to date",
        "B.DNG develop its output is gone, or no picture any more",
        "C.DNG develop somebody else has changed its output",
        "D.DNG develop it failed before",
    ]
    assert told[-1] == "3 of 4 photos would be developed. Nothing was started."
    assert reply == {"jobId": None, "created": False, "itemCount": 1}
    assert (line["event"], line["fields"]["reason"]) == ("export_planned", "forced")
    assert list(session.client.list_jobs(of_exports)) == exports


def test_a_photo_is_exported_by_whatever_it_is_called(session: Session) -> None:
    session.put_developed("A.DNG", "B.DNG")
    photo = next(
        each for each in session.client.list_photos(session.id) if str(each.original.path).endswith("A.DNG")
    )
    jpeg, raw = session.folder / "Jpg" / "A.jpg", session.folder / "Raw" / "A.DNG"

    statuses = [
        session.run(str(word), "--wait")
        for word in ("A.DNG", "A", "A.jpg", f"{session.name}/A.DNG", raw, jpeg, photo.id)
    ]

    exports = session.client.list_jobs(JobFilter(kinds=("export",), session_ids=(session.id,)))
    photos = [[item.photo_id for item in session.client.list_items(job.id)] for job in exports]
    assert statuses == [0] * 7
    assert photos == [[photo.id]] * 7


def test_one_key_makes_one_job(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    session.put_developed("A.DNG")

    session.run("--key", "evening", "--label", "the end", "--force", "--json")
    session.run("--key", "evening", "--json")

    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first == {**second, "created": True}
    assert session.client.get_job(first["jobId"]).label == "the end"


def test_an_unknown_recipe_is_told_with_one_that_is_known(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.put_developed("A.DNG")

    status = session.run("--recipe", "jpgg")

    assert (status, capsys.readouterr().err) == (
        5,
        "darkroom: The configuration has no recipe jpgg. Did you mean jpg?\n",
    )


def test_an_empty_session_has_nothing_to_develop(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    status = session.run("--wait")

    assert (status, capsys.readouterr().out) == (0, f"There is nothing to develop in {session.name}.\n")


def test_an_export_that_is_canceled_ends_with_status_one_and_its_photos_go_on(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.put_waiting("A.DNG")
    session.run("--json")
    job = json.loads(capsys.readouterr().out)["jobId"]
    session.client.cancel_jobs([job])

    status = main(["--socket", str(session.daemon.socket), "wait", str(job)])
    session.client.resume_queue()
    session.client.wait_until_developed(session.folder / "Raw" / "A.DNG", timeout_usec=PATIENCE_USEC)

    told = capsys.readouterr().out.splitlines()
    assert status == 1
    assert told[1].startswith("0 photos developed, 1 not done; it took ")
    assert told[2] == "It ended early (canceled by a client). The rest is developed in the background."


def test_ctrl_c_leaves_the_export_running(session: Session) -> None:
    session.put_waiting("A.DNG")
    with subprocess.Popen(
        [*COMMAND, "--socket", str(session.daemon.socket), "export", session.name, "--wait"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        shown = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=PATIENCE_SECONDS)

    [job] = session.client.list_jobs(JobFilter(session_ids=(session.id,), kinds=("export",)))
    assert process.returncode == 130
    assert shown[1].startswith(f"job {job.id}  queued (the queue is paused)  0 of 1, 0 %")
    assert complaints.startswith(f"darkroom: Job {job.id} goes on. ")
    assert job.state == JobState.QUEUED


def test_an_export_is_drawn_on_a_terminal_and_survives_a_restart_of_the_daemon(tmp_path: Path) -> None:
    raw = tmp_path / "Wedding" / "Raw"
    raw.mkdir(parents=True)
    given = ("--session", str(raw.parent))
    with running(tmp_path, *given) as daemon, Client(daemon.socket) as client:
        daemon.wait_for("session_found")
        client.pause_queue()
        make_dng(raw / "IMG_1.DNG")
        daemon.wait_for("photo_queued")
        with on_a_terminal("--socket", str(daemon.socket), "export", "Wedding", "--wait") as terminal:
            terminal.wait_for(b"develops 1 photo of Wedding.\r\n")
            terminal.wait_for(b"queued (the queue is paused)  0 of 1, 0 %")
            daemon.kill()
            terminal.wait_for(b"The daemon has gone away; it is waited for.\r\n")
            with running(tmp_path, *given), Client(daemon.socket) as again:
                again.resume_queue()
                status = terminal.ended()

    assert status == 0
    assert b"completed  1 of 1, 100 %\r\n" in terminal.shown
    assert b"1 photo developed; it took " in terminal.shown


def test_with_several_recipes_a_plan_tells_which_outputs_would_be_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "Wedding"
    (folder / "Raw").mkdir(parents=True)
    recipes = '[[recipe]]\nname = "jpg"\n[[recipe]]\nname = "web"\nfolder = "Web"\nformat = "webp"\n'
    with (
        running(tmp_path, "--session", str(folder), config=QUICK + recipes) as daemon,
        Client(daemon.socket) as client,
    ):
        session = Session(daemon, client, folder)
        session.put_developed("A.DNG", "B.DNG")
        (folder / "Web" / "A.webp").unlink()
        (folder / "Jpg" / "B.jpg").unlink()

        session.run("--dry-run")
        planned = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
        status = session.run("--recipe", "web", "--wait")

    assert planned[1:3] == [
        "A.DNG develop web its output is gone, or no picture any more",
        "B.DNG develop jpg its output is gone, or no picture any more",
    ]
    assert status == 0
    assert (folder / "Web" / "A.webp").exists()
