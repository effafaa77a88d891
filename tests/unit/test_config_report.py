from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from darkroomd.config import combine, parse_layer
from darkroomd.config_advice import advice
from darkroomd.config_report import check_configuration
from darkroomd.settings import Sources
from darkroomd.system.paths import Places


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    places = Places(
        system_config=tmp_path / "system.toml",
        config=tmp_path / "c.toml",
        state=tmp_path / "state",
        socket=tmp_path / "d.sock",
    )
    return Sources(places=places)


def config_with(sources: Sources, text: str) -> Path:
    assert sources.places.config is not None
    sources.places.config.write_text(text, encoding="utf-8")
    return sources.places.config


def test_without_a_file_all_is_in_order(sources: Sources) -> None:
    report = check_configuration(sources)

    assert report.exit_status == 0
    assert list(report.lines()) == [
        "The configuration is in order: there is no file, and everything has its default."
    ]
    assert list(report.json_lines()) == []


def test_what_was_read_is_named_where_all_is_in_order(sources: Sources) -> None:
    sources.places.system_config.touch()
    path = config_with(sources, "")

    assert list(check_configuration(sources).lines()) == [
        f"The configuration is in order. It was read from {sources.places.system_config}, then {path}."
    ]


def test_every_flaw_has_a_line_with_file_key_value_and_remedy(sources: Sources) -> None:
    path = config_with(sources, "rots = 1\n[worker]\nphotos = 0")

    report = check_configuration(sources)

    assert report.exit_status == 2
    assert list(report.lines()) == [
        f"{path}:1: rots: there is no such key. Did you mean roots?",
        f"{path}:3: worker.photos: 0 is not right. It must be a whole number from 1 to 1000000.",
    ]


def test_programs_get_an_object_for_each_flaw(sources: Sources) -> None:
    path = config_with(sources, "\nrots = 1")

    (line,) = check_configuration(sources).json_lines()

    assert json.loads(line) == {
        "level": "error",
        "code": "config.invalid",
        "path": str(path),
        "line": 2,
        "key": "rots",
        "message": "there is no such key. Did you mean roots?",
    }


def test_all_that_is_named_and_cannot_be_used_is_told_with_its_place(
    sources: Sources, tmp_path: Path
) -> None:
    (tmp_path / "root").mkdir()
    path = config_with(
        sources,
        f'roots = ["{tmp_path}/root", "{tmp_path}/none"]\nsessions = ["{tmp_path}/c.toml"]\n'
        '[presets]\ndefault = "none"\n[socket]\ngroup = "no-such-group"',
    )

    report = check_configuration(replace(sources, roots=(tmp_path / "gone",)))

    assert [(remark.code, remark.path, remark.line, remark.key) for remark in report.remarks] == [
        ("session.not_found", str(path), 1, "roots[1]"),
        ("session.not_found", "the command line", None, None),
        ("session.not_a_folder", str(path), 2, "sessions[0]"),
        ("config.unknown_preset", str(path), 4, "presets.default"),
        ("config.unknown_group", str(path), 6, "socket.group"),
    ]
    assert report.exit_status == 5


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("none.png", "it is not there", id="missing"),
        pytest.param("logo.gif", "it is no PNG file", id="another-format"),
        pytest.param("loop", "Too many levels", id="loop-of-links"),
    ],
)
def test_an_overlay_that_cannot_be_used_is_told_with_its_place(
    sources: Sources, tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "logo.gif").write_bytes(b"GIF89a")
    (tmp_path / "loop").symlink_to("loop")
    overlay = tmp_path / name
    path = config_with(sources, f'[recipe]\nname = "a"\n[recipe.overlay]\nfile = "{overlay}"')

    (line,) = check_configuration(sources).lines()

    assert line.startswith(f"{path}:4: recipe[0].overlay.file: The overlay {overlay} cannot be used: {said}")


def test_what_is_wrong_in_one_place_hides_nothing_in_another(sources: Sources, tmp_path: Path) -> None:
    system = sources.places.system_config
    system.write_text("[intake\n")
    path = config_with(
        sources,
        f"""
        rots = 1
        roots = ["{tmp_path}/none"]
        [worker]
        photos = 0
        [recipe.overlay]
        file = "{tmp_path}/none.png"
        [schedule]
        allow = ["noon"]
        [socket]
        group = "no-such-group"
        """,
    )

    report = check_configuration(replace(sources, overrides=("retry.attempts = 0",)))

    assert [(remark.path, remark.line, remark.key) for remark in report.remarks] == [
        (str(system), 1, None),
        (str(path), 2, "rots"),
        (str(path), 5, "worker.photos"),
        ("--set retry.attempts = 0", None, "retry.attempts"),
        (str(path), 9, "schedule.allow[0]"),
        (str(path), 7, "recipe[0].overlay.file"),
        (str(path), 3, "roots[0]"),
        (str(path), 11, "socket.group"),
    ]
    assert report.exit_status == 2


def test_no_doubt_is_raised_by_what_is_wrong_elsewhere(sources: Sources) -> None:
    path = config_with(sources, '[socket]\ngroup = 1\ngroup_role = "operator"\n[presets]\nfolder = "a"\n')

    report = check_configuration(sources)

    assert [(remark.level, remark.path, remark.key) for remark in report.remarks] == [
        ("error", str(path), "socket.group"),
        ("error", str(path), "presets.folder"),
    ]


def test_a_file_that_cannot_be_read_is_told_as_such(sources: Sources) -> None:
    assert sources.places.config is not None
    sources.places.config.mkdir()

    (line,) = check_configuration(sources).lines()

    path = sources.places.config
    assert line.startswith(f"{path}: The configuration {path} cannot be read: it is not a regular file.")


def test_names_that_break_lines_or_are_no_text_stay_in_their_line(sources: Sources, tmp_path: Path) -> None:
    odd = tmp_path / "a\nb\udcff.toml"
    odd.write_text("rots = 1")

    report = check_configuration(replace(sources, config=odd))

    assert list(report.lines()) == [
        f"{tmp_path}/a\\nb\\udcff.toml:1: rots: there is no such key. Did you mean roots?"
    ]
    assert json.loads(*report.json_lines())["path"] == f"{tmp_path}/a\\nb\\udcff.toml"


def test_what_is_hardly_meant_is_a_warning(sources: Sources) -> None:
    path = config_with(sources, '[socket]\ngroup_role = "operator"')

    report = check_configuration(sources)

    assert report.exit_status == 0
    assert next(report.lines()) == (
        f"{path}:2: socket.group_role: warning: this says nothing without a group. "
        "Set socket.group, or remove this line."
    )
    assert [remark.level for remark in report.remarks] == ["warning"]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param('roots = ["/a", "/b", "/a/"]', ["roots[2]"], id="root-twice"),
        pytest.param('roots = ["/a"]\nsessions = ["/a/b", "/c"]', ["sessions[0]"], id="session-of-a-root"),
        pytest.param('[recipe]\nformat = "png"', [], id="defaults-are-no-doubt"),
        pytest.param('[recipe]\nformat = "tiff"\nquality = 90', ["recipe[0].quality"], id="quality"),
        pytest.param(
            '[recipe]\nformat = "webp"\nsubsampling = "4:2:0"', ["recipe[0].subsampling"], id="subsampling"
        ),
        pytest.param("[recipe]\nenlarge = true", ["recipe[0].enlarge"], id="no-size"),
        pytest.param("[recipe]\nenlarge = true\nlong_edge = 9", [], id="size"),
        pytest.param(
            '[recipe.overlay]\nfile = "/a"\nplace = "frame"\nscale_percent = 2',
            ["recipe[0].overlay.scale_percent"],
            id="frame",
        ),
        pytest.param("[intake]\npatient_seconds = 0.1", ["intake.patient_seconds"], id="impatient"),
        pytest.param('[intake]\nextensions = ["NEF", "cr3"]', [], id="extensions"),
        pytest.param(
            '[intake]\nextensions = ["nef", ".cr3", "jpeg"]',
            ["intake.extensions[1]", "intake.extensions[2]"],
            id="odd-extensions",
        ),
        pytest.param('[schedule]\nallow = ["08:00 - 08:00"]', ["schedule.allow[0]"], id="whole-day"),
    ],
)
def test_doubts_are_about_what_was_set_alone(text: str, keys: list[str]) -> None:
    layer = parse_layer(text.encode(), "/c.toml")

    assert [flaw.key for flaw in advice(combine([layer]), [layer])] == keys
