"""`darkroom archive` from the command line to the real daemon, and back to the files."""

from __future__ import annotations

import json
import shutil
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
SHA256SUM = shutil.which("sha256sum") or ""


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a running daemon, and an archive of its own."""

    daemon: Daemon
    client: Client
    folder: Path
    id: str
    archive: Path

    @property
    def name(self) -> str:
        return self.folder.name

    def put(self, name: str) -> Path:
        """Put a photo into the session in one step."""
        before = make_dng(self.folder / f".{name}")
        return before.rename(self.folder / "Raw" / name)

    def put_developed(self, *names: str) -> None:
        """Put photos into the session, and wait until they are developed."""
        for name in names:
            self.client.wait_until_developed(self.put(name), timeout_usec=PATIENCE_USEC)

    def put_failing(self, name: str) -> None:
        """Put a photo into the session that cannot be developed, and wait until that is known."""
        before = self.folder / f".{name}"
        before.write_bytes(make_dng(before).read_bytes()[:-4000])
        with pytest.raises(DevelopmentFailed):
            self.client.wait_until_developed(
                before.rename(self.folder / "Raw" / name), timeout_usec=PATIENCE_USEC
            )

    def put_waiting(self, name: str) -> None:
        """Pause the queue, put a photo into the session, and wait until it is queued."""
        self.client.pause_queue()
        self.daemon.wait_for("photo_queued", raw=str(self.put(name)))

    def run(self, *words: str) -> int:
        """Run `darkroom archive` with this session and its archive."""
        return self.darkroom("archive", self.name, "--to", str(self.archive), *words)

    def verify(self, *words: str) -> int:
        """Run `darkroom archive --verify` with its archive."""
        return self.darkroom("archive", "--verify", "--to", str(self.archive), *words)

    def darkroom(self, *words: str) -> int:
        return main(["--socket", str(self.daemon.socket), *words])

    @property
    def archived(self) -> list[str]:
        """All files of the archive, by their paths in it."""
        return sorted(
            str(path.relative_to(self.archive)) for path in self.archive.rglob("*") if path.is_file()
        )


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("archive")
    (folder / "root").mkdir()
    (folder / "configured").mkdir()
    config = f'{QUICK}[archive]\ndestination = "{folder / "configured"}"\n'
    with running(folder, "--root", str(folder / "root"), config=config) as daemon:
        yield daemon


@pytest.fixture
def session(daemon: Daemon, tmp_path: Path) -> Iterator[Session]:
    """Give an empty session of the test's own."""
    folder = Path(mkdtemp(prefix="session-", dir=daemon.socket.parent / "root"))
    (folder / "Raw").mkdir(parents=True)
    with Client(daemon.socket) as client:
        session = client.add_session(folder).session
        yield Session(daemon, client, folder, session.id, tmp_path / "kept")
        client.resume_queue()
        client.remove_session(session.id, cancel_jobs=True)
    # Reads the log up to here: a daemon whose log nobody reads stands still in the end.
    daemon.wait_for("session_let_go", session=session.id)


def test_a_session_is_archived_and_verified(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    session.put_developed("A.DNG", "B.DNG")

    status = session.run("--wait")
    told = capsys.readouterr().out.splitlines()
    verified = session.verify()

    assert (status, verified) == (0, 0)
    assert f" archives 2 photos in {session.archive} (about " in told[0]
    assert told[-1].startswith("2 photos archived; it took ")
    assert f"SHA256SUMS.{session.id}" in session.archived
    assert len(session.archived) == 7
    assert capsys.readouterr().out.startswith("All is as it was archived: 6 files, ")


@pytest.mark.skipif(not SHA256SUM, reason="sha256sum is not installed")
def test_any_system_can_verify_what_was_archived(session: Session) -> None:
    session.put_developed("A.DNG")
    session.run("--wait")

    done = subprocess.run(
        [SHA256SUM, "--check", "--strict", "--quiet", f"SHA256SUMS.{session.id}"],
        cwd=session.archive,
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_an_archive_asked_for_again_copies_nothing_and_an_altered_one_is_told(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.put_developed("A.DNG")
    session.run("--wait")
    before = {name: (session.archive / name).stat().st_ino for name in session.archived}

    again = session.run("--wait")
    after = {name: (session.archive / name).stat().st_ino for name in session.archived}
    jpeg = next(session.archive / name for name in session.archived if name.endswith(".jpg"))
    jpeg.write_bytes(b"somebody's own")
    told = capsys.readouterr().out.splitlines()[-1]
    altered = session.verify(session.name)

    del before[f"SHA256SUMS.{session.id}"], after[f"SHA256SUMS.{session.id}"]
    assert (again, after) == (0, before)
    assert told.startswith("0 photos archived, nothing to do for 1; it took ")
    assert (altered, capsys.readouterr().out.splitlines()[0]) == (1, f"changed     {jpeg}")


@pytest.mark.parametrize("words", [[], ["--wait"]], ids=["at-once", "waited-for"])
def test_nothing_is_archived_while_photos_are_not_finished(
    session: Session, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    session.put_developed("A.DNG")
    session.put_waiting("B.DNG")

    status = session.run(*words)

    output = capsys.readouterr()
    assert status == 1
    assert [line.split() for line in output.out.splitlines()] == [["PHOTO", "STATE"], ["B.DNG", "waiting"]]
    assert output.err == (
        "darkroom: Nothing was archived: 1 photo is not finished. Export or discard them first, or leave "
        "them out with --partial.\n"
    )
    assert not session.archive.exists() or session.archived == []


def test_what_is_not_finished_can_be_left_out(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    session.put_developed("A.DNG")
    session.put_failing("BAD.DNG")

    status = session.run("--partial", "--contents", "outputs", "--wait")
    told = capsys.readouterr().out.splitlines()
    session.run("--partial", "--contents", "outputs")
    [line] = capsys.readouterr().out.splitlines()

    assert status == 0
    assert " archives 1 photo in " in told[0]
    assert ". Left out: BAD.DNG. `darkroom wait " in line
    assert told[-2].startswith("1 photo archived, 1 left out; it took ")
    assert told[-1] == "Left out: BAD.DNG (failed)."
    assert [Path(name).suffix for name in session.archived if "SHA256SUMS" not in name] == [".jpg"]


def test_a_dry_run_tells_what_would_be_archived_and_copies_nothing(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.put_developed("A.DNG")

    status = session.run("--dry-run")
    told = capsys.readouterr().out
    session.put_failing("BAD.DNG")
    refused = session.run("--dry-run")
    output = capsys.readouterr()
    partial = session.run("--dry-run", "--partial", "--json")
    reply, line = (json.loads(each) for each in capsys.readouterr().out.splitlines())

    assert (status, refused, partial) == (0, 1, 0)
    assert told.startswith(f"1 photo would be archived in {session.archive} (about ")
    assert output.out == "BAD.DNG\n"
    assert output.err.startswith("darkroom: Nothing would be archived: 1 photo is not finished.")
    assert reply == {"jobId": None, "created": False, "itemCount": 2}
    assert line["fields"]["unfinished_photos"] == ["BAD.DNG"]
    assert not session.archive.exists()


def test_an_archive_says_how_many_photos_are_still_arriving(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.put_developed("A.DNG")

    with (session.folder / "Raw" / "B.DNG").open("wb") as arriving:
        arriving.write(b"x")
        arriving.flush()
        session.daemon.wait_for("photo_detected", raw=str(session.folder / "Raw" / "B.DNG"))
        session.run("--dry-run")
        [foretold, left_out] = capsys.readouterr().out.splitlines()
        session.run()
        [told] = capsys.readouterr().out.splitlines()

    assert foretold.startswith("1 photo would be archived in ")
    assert left_out == "Not in it: 1 still arriving."
    assert " archives 1 photo in " in told
    assert ". Not in it: 1 still arriving. `darkroom wait " in told


def test_without_a_folder_the_configured_archive_is_meant(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.put_developed("A.DNG")
    configured = session.daemon.socket.parent / "configured"

    status = session.darkroom("archive", session.name, "--wait")
    verified = session.darkroom("archive", "--verify", session.name)

    told = capsys.readouterr().out.splitlines()
    assert (status, verified) == (0, 0)
    assert f" in {configured} (" in told[0]
    assert told[-1].startswith("All is as it was archived: 3 files, ")


def test_several_sessions_are_one_job_whose_photos_have_names(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.put_developed("A.DNG")
    other = session.folder.with_name(f"{session.name}-2")
    (other / "Raw").mkdir(parents=True)
    second = session.client.add_session(other).session
    raw = make_dng(other / ".B.DNG").rename(other / "Raw" / "B.DNG")
    session.client.wait_until_developed(raw, timeout_usec=PATIENCE_USEC)

    status = session.run(other.name, "--wait")
    job = next(iter(session.client.list_jobs(JobFilter(kinds=("archive",)))))
    session.darkroom("show", str(job.id))

    shown = capsys.readouterr().out
    assert (status, job.session_id, job.progress.completed) == (0, None, 2)
    assert [name in shown for name in ("A.DNG", "B.DNG")] == [True, True]
    assert {f"SHA256SUMS.{each}" for each in (session.id, second.id)} <= set(session.archived)


@pytest.mark.parametrize(
    ("place", "status", "sentence"),
    [
        pytest.param("{folder}/kept", 4, "lies inside the session", id="in-a-session"),
        pytest.param("/proc/kept", 4, "it lies on a proc file system", id="in-no-real-place"),
    ],
)
def test_an_archive_cannot_lie_just_anywhere(
    session: Session, place: str, *, status: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    session.put_developed("A.DNG")

    result = session.darkroom("archive", session.name, "--to", place.format(folder=session.folder))

    output = capsys.readouterr()
    assert (result, output.out) == (status, "")
    assert sentence in output.err


def test_an_empty_session_has_nothing_to_archive(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    status = session.run("--wait")

    assert (status, capsys.readouterr().out) == (0, "There is nothing to archive in these sessions.\n")


def test_what_an_archive_waits_for_is_shown_and_it_goes_on_by_itself(session: Session) -> None:
    session.put_developed("A.DNG")
    place = session.archive / "not" / "there"
    with subprocess.Popen(
        [*COMMAND, "--socket", str(session.daemon.socket), "archive", session.name, "--to", place, "--wait"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        waits = next(line for line in process.stdout if "(the archive's folder is not there)" in line)
        place.mkdir(parents=True)
        rest, _ = process.communicate(timeout=PATIENCE_SECONDS)

    assert waits.startswith("job ")
    assert process.returncode == 0
    assert rest.splitlines()[-1].startswith("1 photo archived; it took ")


def test_an_archive_is_drawn_on_a_terminal_and_ctrl_c_leaves_it_running(session: Session) -> None:
    session.put_developed("A.DNG")
    session.client.pause_queue()

    words = ("--socket", str(session.daemon.socket), "archive", session.name, "--to", str(session.archive))
    with on_a_terminal(*words, "--wait") as terminal:
        terminal.wait_for(b"queued (the queue is paused)  0 of 1, 0 %")
        status = terminal.end(signal.SIGINT)

    [job] = session.client.list_jobs(JobFilter(kinds=("archive",), session_ids=(session.id,)))
    assert status == 130
    assert f"darkroom: Job {job.id} goes on. ".encode() in terminal.shown
    assert job.state == JobState.QUEUED
