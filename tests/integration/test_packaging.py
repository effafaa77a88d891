"""What is built from the source: all of it, and the same for everybody."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from darkroom.cli.main import main

TREE = Path(__file__).parents[2]
PACKAGES = ("client", "daemon")
BUILD = "import sys; from setuptools.build_meta import {what}; {what}(sys.argv[1])"
COMPLETIONS = {"bash": "darkroom", "zsh": "_darkroom", "fish": "darkroom.fish"}


def tracked() -> list[str]:
    git = shutil.which("git")
    if git is None or not (TREE / ".git").exists():
        pytest.skip("this is no checkout")
    listed = subprocess.run([git, "-C", str(TREE), "ls-files"], check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.splitlines() if (TREE / name).exists()]


def build(what: str, folder: Path, target: Path) -> Path:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    command = [sys.executable, "-c", BUILD.format(what=what), str(target)]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environment, timeout=300)
    [built] = target.iterdir()
    return built


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source archive."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TREE / name, folder / name)
    return build("build_sdist", folder, tmp_path_factory.mktemp("source"))


def unpacked(source: Path, folder: Path) -> Path:
    with tarfile.open(source) as archive:
        # Not every Python 3.11 knows filters, and later ones warn where none is given.
        if hasattr(tarfile, "data_filter"):
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(folder)  # noqa: S202 - we made it
    return next(folder.iterdir())


@pytest.fixture(scope="module")
def wheels(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two wheels from one source, built in different folders."""
    built = [
        build(
            "build_wheel",
            unpacked(source, tmp_path_factory.mktemp(f"a-folder-of-{name}")),
            tmp_path_factory.mktemp("wheel"),
        )
        for name in ("one", "somebody-else")
    ]
    return built[0], built[1]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_source_archive_holds_all_that_a_clone_does(source: Path) -> None:
    with tarfile.open(source) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}

    assert set(tracked()) - held == set()


def test_a_source_archive_is_built_the_same_from_itself(source: Path, tmp_path: Path) -> None:
    folder = unpacked(source, tmp_path / "there")
    (tmp_path / "built").mkdir()

    again = build("build_sdist", folder, tmp_path / "built")

    assert digest(again) == digest(source)


def test_a_wheel_is_the_same_wherever_it_is_built(wheels: tuple[Path, Path]) -> None:
    one, other = wheels

    assert digest(one) == digest(other)


def test_a_wheel_holds_all_that_is_needed_to_run(wheels: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(wheels[0]) as wheel:
        held = {name.partition(".data/data/")[2] or name for name in wheel.namelist()}
    wanted = {
        path.relative_to(TREE / package).as_posix()
        for package in PACKAGES
        for kind in ("*.py", "*.sql", "*.varlink", "py.typed")
        for path in (TREE / package).rglob(kind)
        if ".egg-info" not in str(path)
    }
    units = {
        f"share/darkroomd/{path.relative_to(TREE).as_posix()}"
        for path in (TREE / "systemd").rglob("*")
        if path.is_file()
    }

    assert wanted - held == set()
    assert units - held == set()
    assert {"share/man/man1/darkroom.1", "share/man/man8/darkroomd.8"} <= held
    assert {
        *(f"share/bash-completion/completions/{name}" for name in ("darkroom", "darkroomd")),
        *(f"share/zsh/site-functions/_{name}" for name in ("darkroom", "darkroomd")),
        *(f"share/fish/vendor_completions.d/{name}.fish" for name in ("darkroom", "darkroomd")),
    } <= held
    assert {"darkroomd/imaging/_kernel.abi3.so", "darkroomd/imaging/look/_cube.abi3.so"} <= held


def test_tests_and_sources_in_c_stay_out_of_a_wheel(wheels: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(wheels[0]) as wheel:
        strangers = [name for name in wheel.namelist() if name.endswith((".c", ".h")) or "tests/" in name]

    assert strangers == []


@pytest.mark.parametrize("shell", COMPLETIONS)
def test_the_files_for_shells_are_what_the_command_prints(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0

    assert (TREE / "completions" / COMPLETIONS[shell]).read_text("utf-8") == capsys.readouterr().out
