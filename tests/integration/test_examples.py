"""The page for integrators and its programs, with the real daemon."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from darkroom import Client
from darkroom.client import EventStream
from darkroom.protocol.types import Event, InhibitMode
from make import make_dng
from print_examples import EXAMPLES, PAGE, examples_in, with_examples
from running import PATIENCE_SECONDS, Daemon, running

TOLD = re.compile(r"^\| `(?P<kind>[\w.]+)` \| `(?P<state>\w+)` \|", re.MULTILINE)
BETWEEN = {"ready", "progress", "session.changed", "keepalive"}

GPHOTO2 = """\
#!/bin/sh
# A camera with one photo in it: it is asked for with --hook-script HOOK … --filename PATTERN.
set -eu
hook=$2
ACTION=init "$hook"
ACTION=start "$hook"
darkroom call ListInhibitors > "$NOTES" 2>/dev/null || true
cp "$CAMERA" ".IMG_$NUMBER.DNG"
ACTION=download ARGUMENT=".IMG_$NUMBER.DNG" "$hook"
ACTION=stop "$hook"
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # A folder of the tests' own has a name that may be too long for a socket.
    with TemporaryDirectory(prefix="dr-") as name:
        yield Path(name).resolve()


@pytest.fixture(scope="module")
def daemon(folder: Path) -> Iterator[Daemon]:
    (folder / "Party" / "Raw").mkdir(parents=True)
    make_dng(folder / "camera.dng")
    with running(folder, "--session", str(folder / "Party")) as daemon:
        daemon.wait_for("session_found")
        yield daemon


@pytest.fixture
def client(daemon: Daemon) -> Iterator[Client]:
    with Client(daemon.socket) as client:
        yield client


@pytest.fixture
def environment(daemon: Daemon) -> dict[str, str]:
    tools = Path(sys.executable).parent
    return {
        "DARKROOM_SOCKET": str(daemon.socket),
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONWARNINGS": "error",
    }


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} is not installed")


def command(name: str, *arguments: str | Path) -> list[str]:
    program = [sys.executable] if name.endswith(".py") else []
    return [*program, str(EXAMPLES / name), *map(str, arguments)]


def run(environment: dict[str, str], name: str, *arguments: str | Path) -> tuple[int, list[str], str]:
    done = subprocess.run(
        command(name, *arguments),
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


@contextmanager
def following(environment: dict[str, str], name: str, *arguments: str | Path) -> Iterator[Iterator[str]]:
    """Run a program that does not end by itself; yield the lines it prints."""
    process = subprocess.Popen(
        command(name, *arguments),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    # A program that prints nothing must not be waited for for ever.
    alarm = threading.Timer(PATIENCE_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
    alarm.start()
    try:
        assert process.stdout is not None
        with process.stdout as lines:
            yield map(str.rstrip, lines)
            os.killpg(process.pid, signal.SIGINT)
            process.wait(PATIENCE_SECONDS)
    finally:
        alarm.cancel()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE_SECONDS)


def shoot(folder: Path, client: Client, name: str) -> Path:
    """Let a photo come and wait for its JPEG."""
    source = folder / "coming"
    shutil.copyfile(folder / "camera.dng", source)
    client.wait_until_developed(
        source.rename(folder / "Party" / "Raw" / name), timeout_usec=int(PATIENCE_SECONDS * 1_000_000)
    )
    return folder / "Party" / "Jpg" / f"{Path(name).stem}.jpg"


def test_the_page_has_each_example_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert with_examples(page) == page, "Run tests/print_examples.py."
    assert sorted(examples_in(page)) == sorted(path.name for path in EXAMPLES.iterdir() if path.is_file())


def until_developed(events: EventStream) -> Iterator[Event]:
    for event in events:
        yield event
        if event.photo is not None and event.photo.state == "developed":
            return


def test_the_page_tells_the_events_of_a_photo_as_they_come(folder: Path, client: Client) -> None:
    page = PAGE.read_text(encoding="utf-8")
    make_dng(folder / "coming")

    with client.watch() as events:
        assert next(events).kind == "ready"
        (folder / "coming").rename(folder / "Party" / "Raw" / "events.DNG")
        told = [event for event in until_developed(events) if event.kind not in BETWEEN]

    states = [(event.photo or event.item or event.job, event.kind) for event in told]
    assert [(kind, str(value.state)) for value, kind in states if value] == TOLD.findall(page)


@needs("nc", "jq")
def test_netcat_and_jq_show_a_line(environment: dict[str, str]) -> None:
    status, lines, errors = run(environment, "summary.sh")

    assert (status, len(lines), errors) == (0, 1, "")
    assert lines[0].endswith(".")


@needs("nc", "jq")
def test_netcat_and_jq_show_each_picture(folder: Path, client: Client, environment: dict[str, str]) -> None:
    with following(environment, "developed.sh") as lines:
        jpeg = shoot(folder, client, "shell.DNG")
        shown = next(lines)

    assert shown == str(jpeg)


@needs("varlinkctl", "jq")
def test_varlinkctl_shows_the_sessions(environment: dict[str, str]) -> None:
    status, lines, errors = run(environment, "sessions.sh")

    assert (status, errors) == (0, "")
    assert lines[0].startswith("Party: ")


def test_the_varlink_package_shows_the_sessions(environment: dict[str, str]) -> None:
    status, lines, errors = run(environment, "sessions.py")

    assert (status, errors) == (0, "")
    assert lines[0].startswith("Party: ")


def test_the_client_shows_what_failed(folder: Path, environment: dict[str, str]) -> None:
    whole = (folder / "camera.dng").read_bytes()
    (folder / "cut.DNG").write_bytes(whole[: len(whole) // 2])

    kiosk = run(environment, "kiosk.py", folder / "Party", "vivid", folder / "cut.DNG")
    status, [line], errors = run(environment, "failures.py")

    assert (kiosk[0], kiosk[1][0].partition(":")[0]) == (0, "Please try another shot")
    assert (status, errors) == (0, "")
    assert line.split("\t")[:2] == [str(folder / "Party" / "Raw" / "cut.DNG"), "raw.truncated"]


def test_the_client_says_when_there_is_no_daemon(environment: dict[str, str]) -> None:
    nowhere = {**environment, "DARKROOM_SOCKET": "/nowhere"}

    status, lines, errors = run(nowhere, "failures.py")

    assert (status, lines) == (1, [])
    assert "/nowhere" in errors


def test_a_kiosk_gets_its_picture_with_the_look_that_was_chosen(
    folder: Path, client: Client, environment: dict[str, str]
) -> None:
    status, lines, errors = run(environment, "kiosk.py", folder / "Party", "vivid", folder / "camera.dng")

    [session] = client.list_sessions()
    photo = next(
        photo
        for photo in client.list_photos(session.id)
        if (photo.original.path or "").endswith("/camera.dng")
    )
    assert (status, errors) == (0, "")
    assert lines == [str(folder / "Party" / "Jpg" / "camera.jpg")]
    assert photo.preset_id == "vivid"


def test_a_gallery_shows_each_picture_once_also_when_it_was_restarted(
    folder: Path, client: Client, environment: dict[str, str]
) -> None:
    place = folder / "place"
    with client.watch() as events:
        next(events)
        place.write_text(events.cursor or "")

    first = shoot(folder, client, "first.DNG")
    with following(environment, "gallery.py", place) as lines:
        shown = [next(lines)]
        second = shoot(folder, client, "second.DNG")
        shown.append(next(lines))
    third = shoot(folder, client, "third.DNG")
    with following(environment, "gallery.py", place) as lines:
        shown.append(next(lines))

    assert shown == [str(first), str(second), str(third)]


@needs("jq")
def test_a_plan_says_of_each_photo_why_it_would_be_developed(
    folder: Path, client: Client, environment: dict[str, str]
) -> None:
    jpeg = shoot(folder, client, "planned.DNG")
    before = run(environment, "plan.sh", "Party")

    # The background would make it again at once.
    with client.inhibit(InhibitMode.ALL, who="test", why="It is to be gone."):
        jpeg.unlink()
        after = run(environment, "plan.sh", "Party")

    raw = folder / "Party" / "Raw" / "planned.DNG"
    assert (before[0], before[2], after[0], after[2]) == (0, "", 0, "")
    assert f"up_to_date\t{raw}" in before[1]
    assert f"output_missing\t{raw}" in after[1]


def test_the_end_of_an_event_is_exported_and_archived(
    folder: Path, client: Client, environment: dict[str, str]
) -> None:
    session = folder / "Ending"
    (session / "Raw").mkdir(parents=True)
    client.add_session(session)
    shutil.copyfile(folder / "camera.dng", session / "Raw" / ".A.DNG")
    raw = (session / "Raw" / ".A.DNG").rename(session / "Raw" / "A.DNG")
    client.wait_until_developed(raw, timeout_usec=int(PATIENCE_SECONDS * 1_000_000))

    status, lines, errors = run(environment, "deliver.py", "Ending", folder / "archive")
    nobody = run(environment, "deliver.py", "Nobody", folder / "archive")

    assert (status, lines, errors) == (
        0,
        ["export: completed, 0 done, 1 skipped", "archive: completed, 1 done, 0 skipped"],
        "",
    )
    assert sorted(path.suffix for path in (folder / "archive").glob("*/*")) == [".DNG", ".jpg", ".rrdata"]
    assert (nobody[0], nobody[2]) == (1, "There is no session Nobody.\n")


@needs("mkfifo")
@pytest.mark.parametrize(
    ("elsewhere", "held"),
    [
        pytest.param({}, 1, id="daemon"),
        pytest.param({"DARKROOM_SOCKET": "/nowhere"}, 0, id="no-daemon"),
    ],
)
def test_a_camera_is_read_out_while_nothing_is_developed(
    folder: Path, client: Client, environment: dict[str, str], elsewhere: dict[str, str], held: int
) -> None:
    raw = folder / "Party" / "Raw"
    tools = folder / f"tools{held}"
    tools.mkdir()
    (tools / "gphoto2").write_text(GPHOTO2)
    (tools / "gphoto2").chmod(0o755)
    camera = {"CAMERA": str(folder / "camera.dng"), "NOTES": str(folder / "notes"), "NUMBER": str(held)}

    done = subprocess.run(
        [str(tools / "gphoto2"), "--hook-script", str(EXAMPLES / "gphoto2_hook.sh"), "--filename", ".%f.%C"],
        env={**environment, **camera, **elsewhere},
        cwd=raw,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    client.wait_until_developed(raw / f"IMG_{held}.DNG", timeout_usec=int(PATIENCE_SECONDS * 1_000_000))

    assert (done.returncode, done.stdout) == (0, "")
    assert (folder / "notes").read_text().count("read out") == held
    assert client.list_inhibitors() == ()
    assert [path.name for path in raw.iterdir() if path.name.startswith(".")] == []
