"""`darkroomd install-service` and `uninstall-service`, in a folder that stands for the file system's root."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from darkroomd.installation.command import install_service, uninstall_service
from privileges import let_all_in, without_privileges

PATIENCE_SECONDS = 30.0
UNITS = "etc/systemd/system"
ALL = {
    f"{UNITS}/darkroomd.service",
    f"{UNITS}/darkroomd.service.d/folders.conf",
    f"{UNITS}/darkroomd.socket",
    "etc/sysusers.d/darkroomd.conf",
    "etc/tmpfiles.d/darkroomd.conf",
}


@pytest.fixture
def top(tmp_path: Path) -> Path:
    let_all_in(tmp_path)
    return tmp_path


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def install(top: Path, *options: str, scope: str = "--system") -> int:
    return install_service(
        [scope, "--destdir", str(top), *options], environment={"HOME": "/home/anna"}, platform="linux"
    )


def uninstall(top: Path, *options: str, scope: str = "--system") -> int:
    return uninstall_service(
        [scope, "--destdir", str(top), *options], environment={"HOME": "/home/anna"}, platform="linux"
    )


def test_the_files_of_a_service_are_written_and_two_commands_said_that_enable_it(
    top: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    status = install(top, "--root", "/srv/sessions")

    told = capfdbinary.readouterr().out.decode().splitlines()
    assert status == 0
    assert set(files_in(top)) == ALL
    assert [line.strip().split(" && ") for line in told if line.startswith("  ")] == [
        [
            "systemd-sysusers darkroomd.conf",
            "systemd-tmpfiles --create darkroomd.conf",
            "systemctl daemon-reload",
        ],
        ["systemctl enable --now darkroomd.socket darkroomd.service"],
    ]


def test_everybody_may_read_the_units_whatever_the_mask(top: Path) -> None:
    mask = os.umask(0o077)
    try:
        install(top)
    finally:
        os.umask(mask)

    assert stat.S_IMODE((top / UNITS / "darkroomd.service").stat().st_mode) == 0o644


def test_to_install_twice_changes_nothing(top: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    install(top, "--root", "/srv/sessions")
    before = files_in(top)
    capfdbinary.readouterr()

    status = install(top, "--root", "/srv/sessions")

    told = capfdbinary.readouterr().out.decode().splitlines()
    assert (status, files_in(top)) == (0, before)
    assert len([line for line in told if line.startswith("unchanged: ")]) == len(ALL)


def test_a_new_installation_keeps_the_folders_that_an_earlier_one_was_told_of(top: Path) -> None:
    install(top, "--root", "/srv/sessions")
    drop_in = (top / UNITS / "darkroomd.service.d/folders.conf").read_bytes()

    install(top)
    kept = (top / UNITS / "darkroomd.service.d/folders.conf").read_bytes()
    install(top, "--session", "/srv/party")
    replaced = (top / UNITS / "darkroomd.service.d/folders.conf").read_text()

    assert kept == drop_in
    assert "/srv/party" in replaced
    assert "/srv/sessions" not in replaced


def test_a_dry_run_prints_every_file_and_writes_none(
    top: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    status = install(top, "--dry-run", "--root", "/srv/sessions")

    told = capfdbinary.readouterr().out.decode()
    install(top, "--root", "/srv/sessions")
    assert status == 0
    assert "Nothing was changed." in told
    assert all(content.decode().strip() in told for content in files_in(top).values())


def test_a_file_that_somebody_has_edited_is_not_replaced_and_nothing_else_is(
    top: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(top)
    unit = top / UNITS / "darkroomd.service"
    unit.write_text(unit.read_text() + "Nice=19\n")
    before = files_in(top)

    status = install(top, "--root", "/srv/sessions")

    assert (status, files_in(top)) == (1, before)
    assert str(unit) in capsys.readouterr().err


def test_force_replaces_what_somebody_has_edited(top: Path) -> None:
    install(top)
    before = files_in(top)
    unit = top / UNITS / "darkroomd.service"
    unit.write_text("mine\n")

    status = install(top, "--force")

    assert (status, files_in(top)) == (0, before)


def test_a_unit_that_was_masked_stays_masked(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (top / UNITS).mkdir(parents=True)
    mask = top / UNITS / "darkroomd.service"
    mask.symlink_to("/dev/null")

    statuses = (install(top), uninstall(top))

    assert statuses == (1, 0)
    assert mask.is_symlink()
    assert "service.files_edited" in capsys.readouterr().err


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_is_nobody_s_to_replace(top: Path, make: Callable[[Path], None]) -> None:
    (top / UNITS).mkdir(parents=True)
    make(top / UNITS / "darkroomd.service")

    statuses = (install(top), uninstall(top))

    assert statuses == (1, 0)
    assert (top / UNITS / "darkroomd.service").exists()


def test_a_folder_of_units_that_is_a_link_is_followed(top: Path) -> None:
    kept = top / "dotfiles"
    kept.mkdir()
    (top / "home/anna/.config").mkdir(parents=True)
    (top / "home/anna/.config/systemd").symlink_to(kept)

    status = install(top, scope="--user")

    assert status == 0
    assert (kept / "user/darkroomd.service").is_file()


def test_what_was_installed_is_removed_and_nothing_else(top: Path) -> None:
    install(top, "--root", "/srv/sessions")
    own = top / UNITS / "darkroomd.service.d/mine.conf"
    own.write_text("[Service]\nNice=19\n")
    other = top / UNITS / "other.service"
    other.write_text("[Unit]\n")

    status = uninstall(top)

    assert status == 0
    assert set(files_in(top)) == {str(path.relative_to(top)) for path in (own, other)}


def test_an_empty_folder_of_drop_ins_goes_with_them(top: Path) -> None:
    install(top, "--root", "/srv/sessions")

    uninstall(top)

    assert not (top / UNITS / "darkroomd.service.d").exists()


def test_the_links_by_which_units_were_enabled_go_with_them(top: Path) -> None:
    install(top)
    link = top / UNITS / "multi-user.target.wants/darkroomd.service"
    link.parent.mkdir()
    link.symlink_to("/etc/systemd/system/darkroomd.service")

    uninstall(top, "--dry-run")
    enabled = link.is_symlink()
    uninstall(top)

    assert enabled
    assert not link.is_symlink()


def test_a_link_to_a_unit_that_is_there_stays(top: Path) -> None:
    packaged = top / "usr/lib/systemd/system/darkroomd.service"
    packaged.parent.mkdir(parents=True)
    packaged.write_text("[Unit]\n")
    link = top / UNITS / "multi-user.target.wants/darkroomd.service"
    link.parent.mkdir(parents=True)
    link.symlink_to("/usr/lib/systemd/system/darkroomd.service")

    uninstall(top)

    assert link.is_symlink()


def test_an_edited_file_is_kept_when_the_others_are_removed_unless_forced(
    top: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    install(top)
    unit = top / UNITS / "darkroomd.service"
    unit.write_text(unit.read_text() + "Nice=19\n")
    capfdbinary.readouterr()

    uninstall(top)
    told = capfdbinary.readouterr().out.decode()
    left = set(files_in(top))
    uninstall(top, "--force")

    assert left == {f"{UNITS}/darkroomd.service"}
    assert f"kept, as somebody has edited it: {unit}" in told
    assert files_in(top) == {}


def test_to_uninstall_twice_is_no_error(top: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    status = uninstall(top)

    assert status == 0
    assert "There is nothing to remove." in capfdbinary.readouterr().out.decode()


def test_a_full_or_forbidden_disk_is_said_by_the_file(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (top / "etc").write_text("no folder")

    status = install(top)

    assert status == 1
    assert f"{top}/etc" in capsys.readouterr().err


@pytest.mark.parametrize("command", [install_service, uninstall_service], ids=["install", "uninstall"])
def test_only_root_changes_the_services_of_the_system(
    command: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    with without_privileges():
        status = command(["--system"])

    assert status == 4
    assert "service.not_root" in capsys.readouterr().err


def test_everybody_may_look_at_what_root_would_install(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with without_privileges():
        status = install_service(["--system", "--dry-run"], platform="linux")

    assert status == 0
    assert b"Nothing was changed." in capfdbinary.readouterr().out


def test_a_user_without_a_home_is_asked_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    status = install_service(["--user"], environment={}, platform="linux")

    assert status == 2
    assert "service.no_home" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("scope", "path", "folder"),
    [
        pytest.param("--user", "Users/anna/Library/LaunchAgents/io.darkroomd.agent.plist", True, id="agent"),
        pytest.param("--system", "Library/LaunchDaemons/io.darkroomd.daemon.plist", False, id="daemon"),
    ],
)
def test_a_mac_gets_a_job_of_launchd(top: Path, scope: str, path: str, folder: bool) -> None:
    options = [scope, "--destdir", str(top)]
    environment = {"HOME": "/Users/anna"}

    installed = install_service(
        [*options, "--root", "/Users/Shared"], environment=environment, platform="darwin"
    )
    files = set(files_in(top))
    again = install_service(options, environment=environment, platform="darwin")
    job = (top / path).read_text()
    removed = uninstall_service(options, environment=environment, platform="darwin")

    assert (installed, again, removed) == (0, 0, 0)
    assert files == {path}
    assert "<string>/Users/Shared</string>" in job
    assert files_in(top) == {}
    assert (top / "Users/anna/Library/Application Support/darkroomd").is_dir() is folder


def test_a_home_with_every_kind_of_character_is_a_home(top: Path) -> None:
    home = Path('/home/o\'brien 100% "q" Müller\\ $HOME')
    environment = {"HOME": str(home)}

    status = install_service(
        ["--user", "--destdir", str(top), "--root", str(home)], environment=environment, platform="linux"
    )

    units = top / home.relative_to("/") / ".config/systemd/user"
    drop_in = (units / "darkroomd.service.d/folders.conf").read_text()
    assert status == 0
    assert r'''--root "/home/o'brien 100%% \"q\" Müller\\ $$HOME"''' in drop_in


def test_a_reader_may_leave_before_all_is_told(top: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    try:
        done = subprocess.run(
            [sys.executable, "-m", "darkroomd", "install-service", "--dry-run", "--destdir", str(top)],
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (0, b"")


def test_the_commands_are_words_of_the_daemon(top: Path) -> None:
    program = [sys.executable, "-m", "darkroomd"]
    options = ["--user", "--destdir", str(top)]

    installed = subprocess.run(
        [*program, "install-service", *options], capture_output=True, timeout=PATIENCE_SECONDS, check=False
    )
    removed = subprocess.run(
        [*program, "uninstall-service", *options], capture_output=True, timeout=PATIENCE_SECONDS, check=False
    )

    assert (installed.returncode, removed.returncode) == (0, 0)
    assert b"systemctl --user enable --now darkroomd.socket darkroomd.service" in installed.stdout
    assert b"systemctl --user stop darkroomd.socket darkroomd.service" in removed.stdout
    assert files_in(top) == {}


ANALYZE = shutil.which("systemd-analyze") or ""
analyzer = pytest.mark.skipif(not ANALYZE, reason="The command systemd-analyze is missing.")


def analyze(*words: str, units: Path) -> list[str]:
    """Return all that systemd has to say of our units; nothing: they are in order."""
    # Sockets of the machine's other units have to fit into this folder: they are looked at, too.
    with TemporaryDirectory(prefix="run-") as runtime:
        environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:", "XDG_RUNTIME_DIR": runtime}
        done = subprocess.run(
            [ANALYZE, *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            env=environment,
        )
    said = f"{done.stdout}{done.stderr}" if done.returncode else done.stderr
    return [line for line in said.splitlines() if "darkroomd" in line]


@analyzer
@pytest.mark.parametrize(
    ("scope", "units"),
    [
        pytest.param("--system", UNITS, id="system"),
        pytest.param("--user", "home/anna/.config/systemd/user", id="user"),
    ],
)
def test_systemd_finds_nothing_to_complain_about(top: Path, scope: str, units: str) -> None:
    install(
        top, "--root", '/srv/o\'brien 100% "q" Müller\\ $HOME', "--session", "/home/anna/a:b", scope=scope
    )

    complaints = analyze(scope, "verify", "darkroomd.service", "darkroomd.socket", units=top / units)

    assert complaints == []


@analyzer
def test_the_service_of_the_system_is_as_confined_as_it_is_meant_to_be(top: Path) -> None:
    install(top, "--root", "/srv/sessions", "--session", "/home/anna/Party")

    complaints = analyze(
        "security", "--no-pager", "--offline=yes", "--threshold=20", "darkroomd.service", units=top / UNITS
    )

    assert complaints == []
