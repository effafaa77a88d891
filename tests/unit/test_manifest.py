from __future__ import annotations

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.cli.checksums import Listed, WrongLine, listed
from darkroomd.core.manifest import Manifest, manifest_name, parse_manifest, print_manifest, with_additions
from darkroomd.core.model import SessionId

A, B = "a" * 64, "b" * 64
HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)
PARTS = st.binary(min_size=1, max_size=12).filter(
    lambda part: b"/" not in part and b"\0" not in part and part not in {b".", b".."}
)
PATHS = st.lists(PARTS, min_size=1, max_size=3).map(b"/".join)


@given(sha256=st.dictionaries(PATHS, HASHES, max_size=5))
def test_a_manifest_is_read_as_it_was_written(sha256: dict[bytes, str]) -> None:
    assert parse_manifest(print_manifest(Manifest(sha256))) == Manifest(sha256)


@given(
    data=st.lists(st.binary(max_size=20) | PATHS.map(lambda path: A.encode() + b"  " + path)).map(b"\n".join)
)
def test_no_line_is_lost(data: bytes) -> None:
    manifest = parse_manifest(data)

    printed = print_manifest(manifest)

    assert parse_manifest(printed) == manifest
    assert {line for line in data.split(b"\n") if line.strip() and b"  " not in line} <= {
        *printed.split(b"\n")
    }


@given(
    sha256=st.dictionaries(PATHS, HASHES, max_size=5), damaged=st.lists(st.binary(max_size=20), max_size=2)
)
def test_the_command_line_reads_the_same(sha256: dict[bytes, str], damaged: list[bytes]) -> None:
    data = print_manifest(Manifest(sha256)) + b"\n".join(damaged)

    lines = [line for _, line in listed(io.BytesIO(data))]

    manifest = parse_manifest(data)
    found = {os.fsencode(line.path): line.sha256 for line in lines if isinstance(line, Listed)}
    assert found == manifest.sha256
    assert sum(isinstance(line, WrongLine) for line in lines) == len(manifest.damaged)


def test_lines_are_in_the_order_of_their_paths() -> None:
    manifest = Manifest({b"2026/b.NEF": B, b"2026/a.NEF": A})

    assert print_manifest(manifest) == f"{A}  2026/a.NEF\n{B}  2026/b.NEF\n".encode()


@pytest.mark.parametrize(
    ("line", "path"),
    [
        pytest.param(f"{A}  2026/a b.NEF", b"2026/a b.NEF", id="plain"),
        pytest.param(f"{A} *2026/a.NEF", b"2026/a.NEF", id="binary"),
        pytest.param(f"{A.upper()}  2026/a.NEF", b"2026/a.NEF", id="capitals"),
        pytest.param(f"{A}  2026/a.NEF\r", b"2026/a.NEF", id="edited-on-windows"),
        pytest.param(f"\\{A}  a\\\\b\\nc\\rd", b"a\\b\nc\rd", id="escaped"),
        pytest.param(f"{A}  a\\nb", b"a\\nb", id="not-escaped"),
        pytest.param(f"{A}  a..b", b"a..b", id="dots-in-a-name"),
    ],
)
def test_what_sha256sum_writes_is_read(line: str, path: bytes) -> None:
    assert parse_manifest(line.encode() + b"\n") == Manifest({path: A})


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(f"{A}  /etc/passwd", id="absolute"),
        pytest.param(f"{A}  2026/../../x", id="leads-out"),
        pytest.param(f"{A}  .", id="the-folder-itself"),
        pytest.param(f"\\{A}  a\\x", id="unknown-escape"),
        pytest.param(f"\\{A}  a\\", id="half-an-escape"),
        pytest.param(f"{A[1:]}  a", id="hash-too-short"),
        pytest.param(f"{A} a", id="one-space"),
        pytest.param(f"{A}  ", id="no-name"),
        pytest.param(f"{A}  a\0b", id="nul"),
        pytest.param("# a note", id="a-note"),
        pytest.param(f"SHA256 (a) = {A}", id="bsd"),
    ],
)
def test_a_damaged_line_is_reported_and_kept(line: str) -> None:
    manifest = parse_manifest(f"{line}\n{B}  b\n".encode())

    assert manifest == Manifest({b"b": B}, (line.encode(),))
    assert print_manifest(manifest) == f"{B}  b\n{line}\n".encode()


def test_the_later_of_two_lines_counts_and_a_last_line_needs_no_end() -> None:
    assert parse_manifest(f"{A}  a\n\n{B}  a".encode()) == Manifest({b"a": B})


def test_additions_join_what_is_there() -> None:
    manifest = with_additions(Manifest({b"a": A, b"b": A}, (b"?",)), {b"b": B, b"c": B})

    assert manifest == Manifest({b"a": A, b"b": B, b"c": B}, (b"?",))


def test_each_session_has_a_manifest_of_its_own() -> None:
    assert manifest_name(SessionId("5")) == "SHA256SUMS.5"
