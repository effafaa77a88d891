"""What `darkroomd --check-config` and `--print-config` do as commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from darkroomd.config import Config, parse_config
from running import arguments, running

COMMAND = [sys.executable, "-P", "-m", "darkroomd"]


def darkroomd(folder: Path, *options: str, config: str = "") -> subprocess.CompletedProcess[str]:
    """Run the daemon's command with nothing but this configuration, to its end."""
    file = folder / "config.toml"
    file.write_text(config, encoding="utf-8")
    environment = {**os.environ, "HOME": str(folder)}
    return subprocess.run(
        [*COMMAND, "--without-system-config", "--config", str(file), *options],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_check_tells_people_all_that_is_wrong(tmp_path: Path) -> None:
    done = darkroomd(tmp_path, "--check-config", config="rots = 1\nworkers = 'a'")

    assert done.returncode == 2
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"{tmp_path}/config.toml:1: rots: there is no such key. Did you mean roots?",
        f'{tmp_path}/config.toml:2: workers: "a" is not right. It must be a whole number from 1 upwards.',
    ]


def test_a_check_tells_programs_an_object_a_line(tmp_path: Path) -> None:
    done = darkroomd(tmp_path, "--check-config", "--log-format", "json", config="rots = 1\nwokers = 1")

    assert [json.loads(line)["key"] for line in done.stdout.splitlines()] == ["rots", "wokers"]


def test_a_check_touches_nothing(tmp_path: Path) -> None:
    done = darkroomd(tmp_path, "--check-config")

    assert (done.returncode, done.stdout) == (
        0,
        f"The configuration is in order. It was read from {tmp_path}/config.toml.\n",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_a_start_is_refused_with_the_place_that_named_what_is_not_there(tmp_path: Path) -> None:
    config = f'roots = [\n  "{tmp_path}/none",\n]'

    people = darkroomd(tmp_path, "--log-format", "console", config=config)
    programs = darkroomd(tmp_path, "--log-format", "json", config=config)

    assert people.returncode == programs.returncode == 5
    assert people.stderr.startswith(f"darkroomd: {tmp_path}/config.toml:2: roots[0]: The folder ")
    assert '"configured_at":{"path":"' in programs.stderr


def test_what_is_printed_is_a_configuration_that_means_the_same(tmp_path: Path) -> None:
    config = '[recipe]\nartist = "é \\\\"\n[socket]\nallowed_roots = ["/a b"]'

    first = darkroomd(tmp_path, "--print-config", config=config).stdout
    again = darkroomd(tmp_path, "--print-config", config=first).stdout

    assert first == again
    assert parse_config(first.encode(), "printed") == parse_config(config.encode(), "given") != Config()


def test_a_start_in_spite_of_a_doubt_tells_it_in_the_log(tmp_path: Path) -> None:
    with running(tmp_path, config='\n[socket]\ngroup_role = "operator"') as daemon:
        daemon.stop()

    doubts = [line for line in daemon.lines if line["event"] == "configuration_doubted"]
    assert [(line["level"], line["line"], line["key"]) for line in doubts] == [
        ("warning", 3, "socket.group_role")
    ]


def test_whoever_stops_reading_has_seen_enough(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*COMMAND, *arguments(tmp_path, "--print-config")],
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full")
def test_a_full_disk_is_told_and_no_success(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, *arguments(tmp_path, "--print-config")],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )

    assert done.returncode == 1
    assert done.stderr == b"darkroomd: Standard output cannot be written: No space left on device.\n"


def test_a_pipe_as_configuration_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")

    done = darkroomd(tmp_path, "--config", str(tmp_path / "pipe.toml"), "--check-config")

    assert done.returncode == 2
    assert "it is not a regular file" in done.stdout


def test_what_explains_a_configuration_is_not_loaded_where_all_is_well() -> None:
    program = (
        "import sys\nimport darkroomd.app\nfrom darkroomd.config import parse_config\n"
        "parse_config(b'workers = 1', 'c.toml')\nprint(*sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    loaded = set(done.stdout.split())
    assert "darkroomd.config" in loaded
    assert loaded.isdisjoint({"darkroomd.core.misfits", "darkroomd.config_print", "darkroomd.config_report"})


@pytest.mark.parametrize(
    "closed",
    [
        pytest.param("2>&-", id="standard-error"),
        pytest.param("0<&- 1>&- 2>&-", id="all-three"),
    ],
)
def test_a_command_works_without_the_standard_streams(tmp_path: Path, closed: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text("workers = 'a'", encoding="utf-8")
    options = ["--without-system-config", "--config", str(file), "--check-config"]

    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND, *options], check=False, timeout=60
    )

    assert done.returncode == 2
