from __future__ import annotations

import os
from pathlib import Path

import pytest

from darkroomd.config import Config, parse_config
from darkroomd.core.faults import ConfigInvalid
from darkroomd.core.precedence import RunningBackground
from darkroomd.sections import HistorySection

PATH = "/etc/darkroomd/config.toml"


def test_an_empty_configuration_is_the_default() -> None:
    assert parse_config(b"", PATH) == Config()


def test_what_is_set_is_taken_and_the_rest_stays() -> None:
    config = parse_config(b'roots = ["/srv/booth"]\n[intake]\nquiet_seconds = 1', PATH)

    assert config.roots == ("/srv/booth",)
    assert config.intake.quiet_seconds == 1.0
    assert config.intake.scan_seconds == Config().intake.scan_seconds


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        pytest.param(b'rots = ["/a"]', "rots", "Did you mean roots", id="unknown-key"),
        pytest.param(b"[intake]\nquiet_second = 1", "intake.quiet_second", "quiet_seconds", id="in-a-table"),
        pytest.param(b"[zzz]\na = 1", "zzz", "Known here are", id="unknown-table"),
        pytest.param(
            b'[intake]\nquiet_seconds = "a"', "intake.quiet_seconds", '"a" is not right', id="wrong-type"
        ),
        pytest.param(b"[worker]\nphotos = 0", "worker.photos", "from 1 to", id="out-of-range"),
        pytest.param(b"[retry]\nwaits_seconds = []", "retry.waits_seconds", "at least one", id="empty"),
        pytest.param(b'roots = ["x"]', "roots[0]", "absolute", id="relative-path"),
        pytest.param(b"workers = 0", "workers", "from 1 upwards", id="no-worker"),
        pytest.param(b"workers = 100000", "workers", "more than this machine has cores", id="too-many"),
        pytest.param(b"workers = 1.5", "workers", "1.5", id="half-a-worker"),
        pytest.param(
            b'[export]\nrunning_background = "end"', "export.running_background", '"end"', id="no-policy"
        ),
        pytest.param(b'[archive]\ndestination = "a"', "archive.destination", "absolute", id="no-archive"),
        pytest.param(b'[metrics]\nfile = "a.prom"', "metrics.file", "absolute", id="no-metrics"),
        pytest.param(b'[metrics]\nfile = "/a/b.jpg"', "metrics.file", "end in .prom", id="no-metrics-file"),
        pytest.param(b'[archive]\nmethod = "move"', "archive.method", '"move"', id="no-method"),
        pytest.param(b'[archive]\ncontents = "all"', "archive.contents", '"all"', id="no-contents"),
        pytest.param(b"roots = [", None, "not TOML", id="no-toml"),
        pytest.param(b"\xff\xfe", None, "not TOML", id="not-utf8"),
    ],
)
def test_a_bad_configuration_names_file_key_and_remedy(text: bytes, key: str | None, said: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parse_config(text, PATH)

    assert PATH in caught.value.message
    assert said in caught.value.message
    assert caught.value.context["key"] == key
    assert caught.value.exit_status == 2


def test_as_many_workers_as_there_are_cores_are_allowed() -> None:
    cores = os.cpu_count() or 1

    assert parse_config(f"workers = {cores}".encode(), PATH).workers == cores


def test_running_background_photos_are_finished_unless_it_is_asked_otherwise() -> None:
    config = parse_config(b'[export]\nrunning_background = "stop"', PATH)

    assert config.export.running_background is RunningBackground.STOP
    assert Config().export.running_background is RunningBackground.FINISH


def test_the_bounds_of_history_are_those_that_the_readme_says() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("```toml\n[history]")[2].partition("```")[0]

    section = parse_config(f"[history]{shown}".encode(), "README.md").history

    assert shown
    assert section == HistorySection()
    assert [line.split()[0] for line in shown.split("\n") if line] == list(section.__struct_fields__)
