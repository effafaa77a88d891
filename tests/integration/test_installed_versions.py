from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from darkroomd.imaging.version import installed_version

INFO = "Metadata-Version: 2.4\nName: one-two\nVersion: {}\n\nVersion: of which the description speaks\n"


def install(folder: Path, version: str) -> None:
    place = folder / f"one_two-{version}.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text(INFO.format(version))


@pytest.mark.parametrize("name", ["darkroomd", "rawpy", "numpy", "pillow", "opencv-python-headless"])
def test_a_version_is_the_one_that_python_itself_would_say(name: str) -> None:
    assert installed_version(name) == metadata.version(name)


def test_the_first_of_two_installations_is_the_one_that_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "first", "2.0")
    install(tmp_path / "second", "1.0")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "first"), str(tmp_path / "second"), *sys.path])

    assert installed_version("one-two") == "2.0"


def test_what_was_installed_in_another_way_is_found_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "one_two.egg-info"
    place.mkdir()
    (place / "PKG-INFO").write_text(INFO.format("3.0"))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    assert installed_version("one-two") == "3.0"


def test_what_is_not_installed_is_no_module() -> None:
    with pytest.raises(ModuleNotFoundError):
        installed_version("one-two")
