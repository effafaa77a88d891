"""The units of systemd as they are shipped, and as they are filled in."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from darkroomd.installation.marks import Origin, origin_of
from darkroomd.installation.program import Program, Watched
from darkroomd.installation.units import InstalledFile, recorded_folders, system_units, user_units
from darkroomd.sections import DaemonSection

SHIPPED = Path(__file__).parents[2] / "systemd"
PROGRAM = Program(
    command=("/opt/darkroomd/bin/darkroomd",),
    client=("/opt/darkroomd/bin/darkroom",),
    folders=(Path("/opt/darkroomd"),),
)
PARTY = Watched(
    roots=(Path("/srv/photo booth"),), sessions=(Path("/home/anna/Party"),), writable=(Path("/mnt/archive"),)
)
SERVICE = "darkroomd.service"
FOLDERS = "folders.conf"


def shipped(name: str) -> bytes:
    return (SHIPPED / name).read_bytes()


def seen(_folders: Sequence[Path]) -> Sequence[Path]:
    return ()


def hidden_home(folders: Sequence[Path]) -> Sequence[Path]:
    return [folder for folder in folders if folder.is_relative_to("/home")]


def settings(unit: bytes) -> list[str]:
    return [line for line in unit.decode().splitlines() if "=" in line and not line.startswith("#")]


def named(files: Sequence[InstalledFile], name: str) -> bytes:
    return next(file.content for file in files if file.path.name == name)


def system(watched: Watched, *, program: Program = PROGRAM) -> Sequence[InstalledFile]:
    return system_units(shipped, program, watched, hidden=hidden_home)


def test_a_service_of_the_system_has_its_user_and_its_folder_beside_its_units() -> None:
    files = system(Watched())

    assert [str(file.path) for file in files] == [
        "/etc/systemd/system/darkroomd.service",
        "/etc/systemd/system/darkroomd.socket",
        "/etc/sysusers.d/darkroomd.conf",
        "/etc/tmpfiles.d/darkroomd.conf",
    ]
    assert all(origin_of(file.content) is Origin.OURS for file in files)


def test_every_file_is_shipped_with_the_program() -> None:
    project = tomllib.loads((SHIPPED.parent / "pyproject.toml").read_text())
    listed = project["tool"]["setuptools"]["data-files"]

    shared = {
        str(Path(folder, Path(name).name).relative_to("share/darkroomd/systemd"))
        for folder, names in listed.items()
        for name in names
        if name.startswith("systemd/")
    }

    assert shared == {str(path.relative_to(SHIPPED)) for path in SHIPPED.rglob("*") if path.is_file()}


def test_only_the_program_is_another_in_a_unit_that_needs_no_more() -> None:
    unit = settings(named(system(Watched()), SERVICE))

    changed = set(unit) ^ set(settings(shipped(SERVICE)))

    assert changed == {
        "ExecStart=/usr/bin/darkroomd",
        "ExecStart=/opt/darkroomd/bin/darkroomd",
        "ExecReload=/usr/bin/darkroom reload",
        "ExecReload=/opt/darkroomd/bin/darkroom reload",
    }


def test_a_program_in_a_home_folder_is_let_in_and_can_only_be_read() -> None:
    program = replace(PROGRAM, folders=(Path("/home/anna/venv"), Path("/usr")))

    unit = settings(named(system(Watched(), program=program), SERVICE))

    assert "ProtectHome=tmpfs" in unit
    assert "BindReadOnlyPaths=-/home/anna/venv" in unit
    assert "ProtectHome=yes" not in unit


def test_folders_are_let_in_by_a_drop_in_of_their_own() -> None:
    drop_in = settings(named(system(PARTY), FOLDERS))

    assert drop_in == [
        "ExecStart=",
        'ExecStart=/opt/darkroomd/bin/darkroomd --root "/srv/photo booth" --session /home/anna/Party',
        'ReadWritePaths="-/srv/photo booth" -/mnt/archive',
        "ProtectHome=tmpfs",
        "BindPaths=-/home/anna/Party",
    ]


def test_a_user_writes_wherever_the_user_may_and_needs_no_folder_let_in() -> None:
    folder = Path("/home/anna/.config/systemd/user")

    files = user_units(shipped, PROGRAM, PARTY, folder=folder)

    assert [str(file.path.relative_to(folder)) for file in files] == [
        "darkroomd.service",
        "darkroomd.socket",
        "darkroomd.service.d/folders.conf",
    ]
    assert settings(named(files, FOLDERS)) == [
        "ExecStart=",
        'ExecStart=/opt/darkroomd/bin/darkroomd --root "/srv/photo booth" --session /home/anna/Party',
    ]


@pytest.mark.parametrize(
    "watched",
    [
        pytest.param(PARTY, id="root-and-session"),
        pytest.param(Watched(roots=(Path('/srv/"%s"\\'),)), id="quotes"),
        pytest.param(Watched(sessions=(Path("/srv/Hochzeit Müller"),)), id="beyond-ascii"),
    ],
)
def test_folders_are_known_from_the_drop_in_when_it_is_written_anew(watched: Watched) -> None:
    drop_in = named(system_units(shipped, PROGRAM, watched, hidden=seen), FOLDERS)

    assert recorded_folders(drop_in) == watched


def test_folders_whose_names_are_no_text_are_known_again_by_a_users_service() -> None:
    watched = Watched(roots=(Path("/srv/\udcff\n"),))

    drop_in = named(user_units(shipped, PROGRAM, watched, folder=Path("/units")), FOLDERS)

    assert recorded_folders(drop_in) == watched


@pytest.mark.parametrize("name", [SERVICE, f"user/{SERVICE}"], ids=["system", "user"])
def test_a_photo_may_be_finished_before_systemd_loses_its_patience(name: str) -> None:
    unit = dict(line.split("=", 1) for line in settings(shipped(name)))

    with pytest.raises(msgspec.ValidationError, match="<= 60"):
        msgspec.convert({"stop_seconds": 61}, DaemonSection)

    assert int(unit["TimeoutStopSec"]) >= 60 + 10


@pytest.mark.parametrize("name", [SERVICE, f"user/{SERVICE}"], ids=["system", "user"])
def test_tries_after_crashes_never_add_up_to_the_limit_of_starts(name: str) -> None:
    unit = dict(line.split("=", 1) for line in settings(shipped(name)))

    tries = int(unit["StartLimitIntervalSec"]) / int(unit["RestartSec"])

    assert tries < int(unit["StartLimitBurst"])
    assert unit["RestartPreventExitStatus"] == "2"


@pytest.mark.parametrize(
    ("service", "listener", "path"),
    [
        pytest.param(SERVICE, "darkroomd.socket", "/run/darkroomd/darkroomd.sock", id="system"),
        pytest.param(f"user/{SERVICE}", "user/darkroomd.socket", "%t/darkroomd/darkroomd.sock", id="user"),
    ],
)
def test_the_socket_is_handed_over_by_name_and_outlives_the_service(
    service: str, listener: str, path: str
) -> None:
    unit = dict(line.split("=", 1) for line in settings(shipped(listener)))

    assert unit["ListenStream"] == path
    assert unit["FileDescriptorName"] == "darkroomd"
    assert "RuntimeDirectoryPreserve=yes" in settings(shipped(service))
