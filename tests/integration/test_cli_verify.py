"""`darkroom archive --verify` on real folders; no daemon is needed for it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import sent
from darkroom.cli.main import main
from on_terminal import on_a_terminal
from scripted import ScriptedDaemon, serving

WHOLE = os.urandom(3_000_000)
SHA256SUM = shutil.which("sha256sum") or ""


def archived(folder: Path, files: dict[str, bytes], *, session: str = "s1") -> Path:
    """Put files into an archive, and their list beside them; return the list."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    made = folder / f"SHA256SUMS.{session}"
    made.write_text("".join(lines))
    return made


def verify(folder: Path, *words: str) -> int:
    return main(["--socket", str(folder / "nowhere"), "archive", "--verify", "--to", str(folder), *words])


def test_an_archive_that_is_as_it_was_is_all_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archived(tmp_path, {"2024/a.NEF": WHOLE, "unknown/été.jpg": b"x"})
    archived(tmp_path, {"2024/b.NEF": b"y"}, session="s2")

    status = verify(tmp_path)

    assert (status, capsys.readouterr().out) == (0, "All is as it was archived: 3 files, 3.0 MB.\n")


def test_who_reaches_no_daemon_is_told_how_to_do_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--socket", str(tmp_path / "nowhere"), "archive", "--verify"])

    told = capsys.readouterr().err
    assert (status, told.endswith("or say with --to FOLDER where the archive is.\n")) == (3, True)


def test_each_file_that_is_not_as_it_was_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("good", "gone", "away/too", "cut", "turned", "pipe", "link", "folder")
    archived(tmp_path, dict.fromkeys(names, WHOLE))
    (tmp_path / "gone").unlink()
    shutil.rmtree(tmp_path / "away")
    (tmp_path / "away").write_bytes(b"no folder any more")
    (tmp_path / "cut").write_bytes(WHOLE[:-1])
    (tmp_path / "turned").write_bytes(WHOLE[:1000] + bytes([WHOLE[1000] ^ 1]) + WHOLE[1001:])
    for name in ("pipe", "link", "folder"):
        (tmp_path / name).unlink()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("good")
    (tmp_path / "folder").mkdir()

    status = verify(tmp_path)

    *lines, last = capsys.readouterr().out.splitlines()
    assert status == 1
    assert lines == [
        f"missing     {tmp_path / 'gone'}",
        f"missing     {tmp_path / 'away/too'}",
        f"changed     {tmp_path / 'cut'}",
        f"changed     {tmp_path / 'turned'}",
        f"unreadable  {tmp_path / 'pipe'}  it is no file",
        f"unreadable  {tmp_path / 'link'}  it is a link",
        f"unreadable  {tmp_path / 'folder'}  it is no file",
    ]
    assert last == "8 files, 9.0 MB read: 2 missing, 2 changed, 3 unreadable."


def test_a_list_leads_nobody_out_of_the_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outside = tmp_path / "secret"
    outside.write_bytes(b"x")
    folder = tmp_path / "archive"
    made = archived(folder, {"a": b"x"})
    digest = hashlib.sha256(b"x").hexdigest()
    (folder / "way").symlink_to(tmp_path)
    with made.open("a") as lines:
        lines.write(f"{digest}  {outside}\n{digest}  ../secret\n\x1b[2J\n{digest}  way/secret\n")

    status = verify(folder)

    assert status == 1
    assert capsys.readouterr().out.splitlines() == [
        "wrong line  SHA256SUMS.s1, line 2  its path leads out of the archive",
        "wrong line  SHA256SUMS.s1, line 3  its path leads out of the archive",
        "wrong line  SHA256SUMS.s1, line 4  it is no checksum and path",
        f"unreadable  {folder / 'way/secret'}  a folder on the way to it is a link",
        "2 files, 1 B read: 1 unreadable.",
        "Lines that name no file of the archive: 3.",
    ]


def test_a_list_that_lost_its_lines_is_not_all_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archived(tmp_path, {})

    status = verify(tmp_path)

    assert status == 1
    assert "SHA256SUMS files that name nothing at all: 1." in capsys.readouterr().out


def test_a_list_that_cannot_be_read_keeps_no_other_from_being_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "SHA256SUMS.s0").mkdir()
    archived(tmp_path, {"a": b"x"})
    archived(tmp_path, {"b": b"y"}, session="s2")
    (tmp_path / "b").write_bytes(b"z")

    status = verify(tmp_path)
    told = capsys.readouterr().out.splitlines()
    verify(tmp_path, "--json")
    first, *_, tally = map(json.loads, capsys.readouterr().out.splitlines())
    alone = verify(tmp_path, "s0")

    why = f"{tmp_path}/SHA256SUMS.s0 cannot be read: it is no file."
    assert (status, alone) == (1, 1)
    assert told == [
        f"unreadable  {why}",
        f"changed     {tmp_path / 'b'}",
        "2 files, 2 B read: 1 changed.",
        "SHA256SUMS files that cannot be read: 1.",
    ]
    assert first == {"verdict": "unreadable", "manifest": "SHA256SUMS.s0", "line": 0, "why": why}
    assert (tally["unreadable"], tally["unreadableManifests"]) == (0, 1)
    assert capsys.readouterr().err == f"darkroom: {why}\n"


@pytest.mark.skipif(not SHA256SUM, reason="sha256sum is not installed")
def test_a_list_of_odd_names_is_read_as_sha256sum_writes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [b"a\nb", b"a\\b", b"caf\xe9", b" a ", b"-x", "été".encode()]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(name)
    sums = subprocess.run([SHA256SUM, "--", *names], cwd=tmp_path, capture_output=True, check=True)
    (tmp_path / "SHA256SUMS.s1").write_bytes(sums.stdout)

    status = verify(tmp_path)

    assert (status, capsys.readouterr().out) == (0, "All is as it was archived: 6 files, 20 B.\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param([], "There is no SHA256SUMS file in {}: nothing was archived there.", id="none"),
        pytest.param(["--json"], "There is no SHA256SUMS file in {}", id="none-for-programs"),
    ],
)
@pytest.mark.parametrize("there", [True, False], ids=["folder", "no-folder"])
def test_where_nothing_was_archived_there_is_nothing_to_check(
    tmp_path: Path, *, words: list[str], sentence: str, there: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path if there else tmp_path / "none"

    status = verify(folder, *words)

    output = capsys.readouterr()
    assert (status, output.out) == (5, "")
    assert output.err.startswith(f"darkroom: {sentence.format(folder)}")


def test_programs_are_told_of_each_file_and_of_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archived(tmp_path, {"good": b"x", "bad": b"x"})
    (tmp_path / "bad").write_bytes(b"y")
    with (tmp_path / "SHA256SUMS.s1").open("a") as lines:
        lines.write("?\n")

    status = verify(tmp_path, "--json")

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert status == 1
    assert told == [
        {"verdict": "ok", "manifest": "SHA256SUMS.s1", "line": 1, "file": file_of(tmp_path / "good")},
        {"verdict": "changed", "manifest": "SHA256SUMS.s1", "line": 2, "file": file_of(tmp_path / "bad")},
        {
            "verdict": "wrong-line",
            "manifest": "SHA256SUMS.s1",
            "line": 3,
            "why": "it is no checksum and path",
        },
        {
            "files": 2,
            "bytesRead": 2,
            "missing": 0,
            "changed": 1,
            "unreadable": 0,
            "wrongLines": 1,
            "emptyManifests": 0,
            "unreadableManifests": 0,
        },
    ]


def file_of(path: Path) -> dict[str, str]:
    return {"path": str(path), "uri": path.as_uri()}


@pytest.mark.parametrize(
    ("word", "read"),
    [
        pytest.param("Wedding", "1 file, 1 B", id="by-name"),
        pytest.param("s1", "1 file, 1 B", id="by-id"),
        pytest.param("s9", "1 file, 4 B", id="forgotten-by-the-daemon"),
    ],
)
def test_one_session_is_checked_by_itself(
    tmp_path: Path, word: str, read: str, capsys: pytest.CaptureFixture[str]
) -> None:
    archived(tmp_path, {"a": b"x"})
    archived(tmp_path, {"b": b"long"}, session="s9")

    with ScriptedDaemon(tmp_path / "d", [serving(sent.WORLD)]):
        status = main(["--socket", str(tmp_path / "d"), "archive", "--verify", "--to", str(tmp_path), word])

    assert (status, capsys.readouterr().out) == (0, f"All is as it was archived: {read}.\n")


def test_a_session_that_was_never_archived_is_not_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archived(tmp_path, {"b": b"x"}, session="s9")

    with ScriptedDaemon(tmp_path / "d", [serving(sent.WORLD)]):
        status = main(
            ["--socket", str(tmp_path / "d"), "archive", "--verify", "--to", str(tmp_path), "Wedding"]
        )

    assert status == 5
    assert capsys.readouterr().err.startswith("darkroom: There is no SHA256SUMS file of Wedding in")


def test_the_configured_archive_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archived(tmp_path / "archive", {"a": b"x"})
    line = sent.log_line("archive_planned", level="info")
    answers = {
        "StartArchive": {"jobId": None, "created": False, "itemCount": 0},
        "ListLogLines": sent.listed(lines=[sent.with_fields(line, destination=str(tmp_path / "archive"))]),
    }

    with ScriptedDaemon(tmp_path / "d", [serving(answers)]):
        status = main(["--socket", str(tmp_path / "d"), "archive", "--verify"])

    assert (status, capsys.readouterr().out) == (0, "All is as it was archived: 1 file, 1 B.\n")


def test_without_a_folder_there_must_be_a_configured_archive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {"StartArchive": ("org.varlink.service.InvalidParameter", {"parameter": "destination"})}

    with ScriptedDaemon(tmp_path / "d", [serving(answers)]):
        status = main(["--socket", str(tmp_path / "d"), "archive", "--verify"])

    assert status == 2
    assert capsys.readouterr().err == (
        "darkroom: Say with --to FOLDER where the archive is, or set destination in [archive].\n"
    )


def test_on_a_terminal_it_is_drawn_how_far_the_reading_is(tmp_path: Path) -> None:
    size = 300_000_000
    with (tmp_path / "a").open("wb") as file:
        file.truncate(size)
    with (tmp_path / "a").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    (tmp_path / "SHA256SUMS.s1").write_text(f"{digest}  a\n")

    with on_a_terminal("archive", "--verify", "--to", str(tmp_path)) as terminal:
        terminal.wait_for(b"-] 0 of 1 files")
        status = terminal.ended()

    assert status == 0
    assert terminal.shown.endswith(b"\r\x1b[KAll is as it was archived: 1 file, 300.0 MB.\r\n")
