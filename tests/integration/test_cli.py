from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

import sent
from darkroom.cli.main import main
from darkroom.protocol.types import Photo, Preset, Session
from scripted import Peer, ScriptedDaemon, serving

INTERFACE = "io.darkroomd.Darkroom"
NOBODY = 65534


@pytest.fixture
def path() -> Iterator[Path]:
    # The test's own folder has a name that may be too long for a socket.
    with TemporaryDirectory(prefix="dr-") as folder:
        yield Path(folder) / "s"


@pytest.fixture
def closed_socket(path: Path) -> Iterator[Path]:
    path.parent.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        path.chmod(0)
        yield path


def run(path: Path, *words: str, answers: dict[str, Any]) -> int:
    with ScriptedDaemon(path, [serving(answers)]):
        return main(["--socket", str(path), *words])


PRESETS = sent.listed(presets=[Preset(id="vivid", name="Vivid", builtin=True, adjustments={})])
NO_JOB = (f"{INTERFACE}.NoSuchJob", {"jobId": 7})


def test_status_is_one_look_at_everything(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run(path, "status", answers=sent.WORLD)

    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert lines[0] == "Developing IMG_1.NEF, 3 of 10 done."
    assert lines[-1].split()[0] == "Wedding"


def test_status_survives_that_its_job_ends_meanwhile(path: Path) -> None:
    assert run(path, "status", answers={**sent.WORLD, "ListItems": NO_JOB}) == 0


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        pytest.param(["status"], [{"text"}], id="status"),
        pytest.param(["sessions"], [{"watchMode"}], id="sessions"),
        pytest.param(["photos", "Wedding"], [{"state"}, {"failure"}], id="photos"),
        pytest.param(["photos", "--all"], [{"state"}, {"failure"}], id="photos-of-all"),
        pytest.param(["photos"], [{"state"}, {"failure"}], id="photos-of-none-named"),
        pytest.param(["jobs"], [{"priority"}], id="jobs"),
        pytest.param(["show", "7"], [{"priority"}], id="show-a-job"),
        pytest.param(["show", "Wedding"], [{"watchMode"}], id="show-a-session"),
        pytest.param(["show", "IMG_2.NEF"], [{"failure"}], id="show-a-photo"),
        pytest.param(["doctor"], [{"ok", "checks"}], id="doctor"),
        pytest.param(["reload"], [{"changed", "warnings"}], id="reload"),
        pytest.param(["completion", "bash"], [{"shell", "script"}], id="completion"),
        pytest.param(["call", "ListJobs", '{"limit": 1}'], [{"jobs"}], id="call"),
        pytest.param(["introspect"], [{"interface", "description"}], id="introspect"),
    ],
)
def test_every_command_can_answer_with_one_object_a_line(
    path: Path, words: list[str], keys: list[set[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(path, *words, "--json", answers=sent.WORLD)

    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert status == 0
    assert [wanted <= found.keys() for wanted, found in zip(keys, objects, strict=True)] == [True] * len(keys)


def test_what_is_printed_for_programs_is_the_protocol(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(path, "photos", "Wedding", "--json", answers=sent.WORLD)

    lines = capsys.readouterr().out.splitlines()
    assert [msgspec.json.decode(line, type=Photo) for line in lines] == [sent.photo(), sent.FAILED]


def test_photos_say_why_one_failed(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(path, "photos", "/photos/Wedding", answers=sent.WORLD)

    assert "raw.truncated: The file ends early; copy it again." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "line"),
    [
        pytest.param("7", "job          7", id="job-by-number"),
        pytest.param("s1", "session     Wedding", id="session-by-id"),
        pytest.param("Wedding", "session     Wedding", id="session-by-name"),
        pytest.param("/photos/Wedding/", "session     Wedding", id="session-by-folder"),
        pytest.param("file:///photos/Wedding", "session     Wedding", id="session-by-uri"),
        pytest.param(
            "file://localhost/photos/Wedding/Raw/IMG%5f2.NEF", "photo        IMG_2.NEF", id="photo-by-uri"
        ),
        pytest.param("/photos/Wedding/Raw/../Raw/IMG_2.NEF", "photo        IMG_2.NEF", id="photo-by-path"),
        pytest.param("IMG_2.NEF", "photo        IMG_2.NEF", id="photo-by-name"),
        pytest.param("IMG_2", "photo        IMG_2.NEF", id="photo-without-extension"),
        pytest.param("Wedding/IMG_2.NEF", "photo        IMG_2.NEF", id="photo-of-a-session"),
    ],
)
def test_things_are_found_by_what_people_call_them(
    path: Path, word: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(path, "show", word, answers=sent.WORLD)

    assert status == 0
    assert capsys.readouterr().out.splitlines()[0] == line


@pytest.mark.parametrize(
    ("photos", "photo"),
    [
        pytest.param(sent.TWO_PHOTOS, "IMG_1.NEF", id="name"),
        pytest.param((f"{INTERFACE}.NoSuchSession", {"sessionId": "s1"}), "p-IMG_1.NEF", id="session-gone"),
    ],
)
def test_a_job_is_shown_with_what_became_of_each_photo(
    path: Path, photos: object, photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(path, "show", "7", answers={**sent.WORLD, "ListPhotos": photos})

    assert status == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["70", "running", "1", photo, "encode"]


@pytest.mark.parametrize(
    ("answer", "photo"),
    [
        pytest.param({"photo": msgspec.to_builtins(sent.photo())}, "IMG_1.NEF", id="name"),
        pytest.param(sent.WORLD["GetPhoto"], "p-IMG_1.NEF", id="photo-gone"),
    ],
)
def test_a_job_of_several_sessions_is_shown_with_its_photos(
    path: Path, answer: object, photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = replace(sent.job(), kind="archive", session_id=None)

    run(
        path,
        "show",
        "7",
        answers={**sent.WORLD, "GetJob": {"job": msgspec.to_builtins(archive)}, "GetPhoto": answer},
    )

    assert photo in capsys.readouterr().out.splitlines()[-1]


def test_a_photo_is_found_by_the_path_of_its_output(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    developed = replace(sent.photo(state="developed"), outputs=(sent.output(),))

    run(
        path,
        "show",
        "/photos/Wedding/Jpg/IMG_1.jpg",
        answers={**sent.WORLD, "ListPhotos": sent.listed(photos=[developed])},
    )

    assert capsys.readouterr().out.splitlines()[0].split() == ["photo", "IMG_1.NEF"]


def test_a_session_whose_name_is_a_number_is_found_where_no_job_has_it(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {**sent.WORLD, "GetJob": NO_JOB, "ListSessions": sent.listed(sessions=[sent.session("2024")])}

    run(path, "show", "2024", answers=answers)

    assert capsys.readouterr().out.splitlines()[0].split() == ["session", "2024"]


def test_a_daemon_that_is_not_well_is_an_exit_status(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run(path, "doctor", answers={"GetHealth": msgspec.to_builtins(sent.health(ok=False))})

    assert status == 1
    assert "The disk is full." in capsys.readouterr().out


def same_name_twice() -> list[Session]:
    return [sent.session(id="s1", folder="/a/Wedding"), sent.session(id="s2", folder="/b/Wedding")]


@pytest.mark.parametrize(
    ("words", "answers", "status", "sentence"),
    [
        pytest.param(["photos", "Party"], {}, 5, "There is no session Party.", id="no-such-session"),
        pytest.param(
            ["photos", "weding"], {}, 5, "There is no session weding. Did you mean Wedding?", id="misspelt"
        ),
        pytest.param(
            ["show", "IMG_3.NEF"], {}, 5, "There is no session, photo or job IMG_3.NEF. Did", id="like"
        ),
        pytest.param(
            ["call", "GetSumary"],
            {"GetSumary": ("org.varlink.service.MethodNotFound", {"method": "io.x.GetSumary"})},
            2,
            "The daemon has no method io.x.GetSumary. Did you mean GetSummary?",
            id="misspelt-method",
        ),
        pytest.param(
            ["apply-preset", "vivd", "IMG_1.NEF"],
            {"ApplyPreset": (f"{INTERFACE}.NoSuchPreset", {"presetId": "vivd"}), "ListPresets": PRESETS},
            5,
            "There is no preset vivd. Did you mean vivid?",
            id="misspelt-preset",
        ),
        pytest.param(["fetch", "IMG_2.NEF"], {}, 1, "There is no JPEG of IMG_2.NEF: raw.trunc", id="failed"),
        pytest.param(
            ["fetch", "IMG_1.NEF"], {}, 1, "There is no JPEG of IMG_1.NEF: it is waiting", id="early"
        ),
        pytest.param(["fetch", "IMG_1.NEF", "-o", "-", "--json"], {}, 2, "The picture and --json", id="both"),
        pytest.param(["show", "Party"], {}, 5, "There is no session, photo or job Party.", id="nothing"),
        pytest.param(["show", "99999999999999999999"], {}, 5, "There is no", id="no-such-number"),
        pytest.param(
            ["jobs", "--session", "Party"], {}, 5, "There is no session Party.", id="jobs-of-nothing"
        ),
        pytest.param(
            ["show", "file:///photos/%00"], {}, 5, "There is no session, photo", id="uri-of-no-path"
        ),
        pytest.param(
            ["show", "file://elsewhere/photos/Wedding"], {}, 5, "There is no", id="uri-of-another-machine"
        ),
        pytest.param(
            ["photos", "Wedding"],
            {"ListSessions": sent.listed(sessions=same_name_twice())},
            2,
            "Wedding may be any of 2: /a/Wedding, /b/Wedding; give the path.",
            id="ambiguous",
        ),
        pytest.param(["call", "PauseQueue"], {}, 4, "This user may not do that", id="not-permitted"),
        pytest.param(
            ["call", "Dance"],
            {"Dance": ("org.varlink.service.MethodNotFound", {"method": "Dance"})},
            2,
            "The daemon has no method Dance.",
            id="no-such-method",
        ),
        pytest.param(
            ["call", "Da\udcffnce"],
            {"Da?nce": ("org.varlink.service.MethodNotFound", {"method": "Da?nce"})},
            2,
            "The daemon has no method Da?nce.",
            id="method-not-utf-8",
        ),
        pytest.param(
            ["call", "StartExport", '{"sessionId": "s1"}'],
            {"StartExport": ("org.varlink.service.MethodNotImplemented", {"method": "StartExport"})},
            1,
            "This version of the daemon cannot do StartExport yet.",
            id="not-built-yet",
        ),
        pytest.param(
            ["status"],
            {"GetSummary": (f"{INTERFACE}.Stopping", {})},
            3,
            "The daemon is stopping",
            id="stopping",
        ),
    ],
)
def test_what_goes_wrong_is_one_line_and_an_exit_status(
    path: Path,
    *,
    words: list[str],
    answers: dict[str, Any],
    status: int,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = run(path, *words, answers={**sent.WORLD, **answers})

    output = capsys.readouterr()
    assert result == status
    assert output.out == ""
    assert output.err.startswith(f"darkroom: {sentence}")
    assert output.err.count("\n") == 1


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param("[]", id="list"),
        pytest.param("{", id="unfinished"),
        pytest.param("\udcff", id="not-utf-8"),
        pytest.param('{"a":' + "[" * 10_000, id="deep"),
    ],
)
def test_parameters_that_are_no_object_are_wrong_usage(
    path: Path, parameters: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--socket", str(path), "call", "GetSummary", parameters])

    assert status == 2
    assert "not a JSON object" in capsys.readouterr().err


def test_no_daemon_is_one_line_that_names_the_socket_and_the_remedy(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["status", "--socket", str(path)])

    output = capsys.readouterr()
    assert status == 3
    assert output.err == (
        f"darkroom: The daemon cannot be reached at {path}: there is no socket. Start it with darkroomd.\n"
    )


def test_a_socket_path_that_is_too_long_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["status", "--socket", "/" + "s" * 200])

    assert status == 2
    assert "201 bytes" in capsys.readouterr().err


@pytest.fixture
def _unprivileged() -> Iterator[None]:
    """Be somebody whom modes of files concern."""
    # While it may be read: the checkout may be somebody's own.
    import_module("darkroom.cli.commands.status")
    own = os.geteuid()
    os.seteuid(own or NOBODY)
    yield
    os.seteuid(own)


@pytest.mark.usefixtures("_unprivileged")
def test_a_socket_of_somebody_else_is_not_permitted(
    closed_socket: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["status", "--socket", str(closed_socket)])

    assert status == 4
    assert f"may not connect to {closed_socket}" in capsys.readouterr().err


def test_all_replies_of_a_stream_are_printed_as_they_come(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        peer.reply({"number": 1}, continues=True)
        peer.reply({"number": 2})

    with ScriptedDaemon(path, [script]):
        status = main(["--socket", str(path), "--json", "call", "Count", "--more"])

    assert status == 0
    assert capsys.readouterr().out == '{"number":1}\n{"number":2}\n'
