from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from darkroomd.core.manifest import Manifest, parse_manifest, print_manifest
from darkroomd.core.model import SessionId
from darkroomd.files.manifests import (
    LARGEST_MANIFEST_BYTES,
    ManifestBlocked,
    read_manifest,
    write_manifest,
)

SESSION = SessionId("5e55")
A, B = "a" * 64, "b" * 64
ODD_NAMES = (
    b"plain.NEF",
    b"a b.NEF",
    b"back\\slash",
    b"line\nfeed",
    b"not utf-8 \xff",
    b"\\n",
    "花嫁".encode(),
)


def sha256sum(*arguments: bytes, folder: Path) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("sha256sum")
    if program is None:
        pytest.skip("sha256sum is not installed")
    return subprocess.run([program, *arguments], cwd=folder, capture_output=True, check=False, timeout=30)


def odd_files(folder: Path) -> Manifest:
    (folder / "2026").mkdir()
    for name in ODD_NAMES:
        Path(os.fsdecode(os.fsencode(folder) + b"/2026/" + name)).write_bytes(name)
    return Manifest({b"2026/" + name: hashlib.sha256(name).hexdigest() for name in ODD_NAMES})


def test_sha256sum_checks_a_manifest(tmp_path: Path) -> None:
    write_manifest(tmp_path, SESSION, odd_files(tmp_path).sha256)

    checked = sha256sum(b"--check", b"--strict", b"SHA256SUMS.5e55", folder=tmp_path)

    assert (checked.returncode, checked.stderr) == (0, b"")
    assert checked.stdout.count(b": OK") == len(ODD_NAMES)


def test_what_sha256sum_prints_is_a_manifest(tmp_path: Path) -> None:
    manifest = odd_files(tmp_path)

    printed = sha256sum(*manifest.sha256, folder=tmp_path).stdout

    assert parse_manifest(printed) == manifest
    assert sorted(printed.splitlines()) == sorted(print_manifest(manifest).splitlines())


def test_a_manifest_grows_and_keeps_damaged_lines(tmp_path: Path) -> None:
    path = tmp_path / "SHA256SUMS.5e55"
    path.write_bytes(f"{A}  2026/a\n{A}  2026/b\nbroken\n".encode())

    after = write_manifest(tmp_path, SESSION, {b"2026/b": B, b"2026/c": B})

    assert path.read_bytes() == f"{A}  2026/a\n{B}  2026/b\n{B}  2026/c\nbroken\n".encode()
    assert read_manifest(tmp_path, SESSION) == after


def test_a_manifest_that_says_it_already_is_left_alone(tmp_path: Path) -> None:
    write_manifest(tmp_path, SESSION, {b"a": A})
    before = (tmp_path / "SHA256SUMS.5e55").stat()

    write_manifest(tmp_path, SESSION, {b"a": A})

    assert (tmp_path / "SHA256SUMS.5e55").stat().st_ino == before.st_ino


def test_an_archive_without_a_manifest_has_an_empty_one(tmp_path: Path) -> None:
    assert read_manifest(tmp_path, SESSION) == Manifest()
    assert write_manifest(tmp_path, SESSION, {}) == Manifest()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_in_place_of_a_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "SHA256SUMS.5e55").symlink_to("precious")

    with pytest.raises(ManifestBlocked, match="symbolic link"):
        write_manifest(tmp_path, SESSION, {b"a": A})

    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert (tmp_path / "SHA256SUMS.5e55").is_symlink()


def test_nothing_is_written_in_place_of_a_folder_or_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "SHA256SUMS.5e55").mkdir()
    os.mkfifo(tmp_path / "SHA256SUMS.6")

    for session in ("5e55", "6"):
        with pytest.raises(ManifestBlocked, match="not a regular file"):
            write_manifest(tmp_path, SessionId(session), {b"a": A})


def test_a_file_too_large_to_be_a_manifest_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "SHA256SUMS.5e55"
    path.touch()
    os.truncate(path, LARGEST_MANIFEST_BYTES + 1)

    with pytest.raises(ManifestBlocked, match="too large"):
        write_manifest(tmp_path, SESSION, {b"b": B})
