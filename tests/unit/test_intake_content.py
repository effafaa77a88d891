from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.content import (
    DIRECTORY_BYTES,
    HEAD_BYTES,
    Content,
    Judgement,
    directory_offset,
    judge,
)
from make import make_dng, raws


def tiff(tags: dict[int, tuple[int, int]], *, order: str = "<") -> tuple[bytes, bytes]:
    """Return header and directory of a TIFF file; a tag has a type and a value."""
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    entries = b"".join(
        struct.pack(order + "HHI", tag, kind, 1)
        + struct.pack(order + {3: "H", 4: "I"}[kind], value).ljust(4, b"\0")
        for tag, (kind, value) in sorted(tags.items())
    )
    return head, struct.pack(order + "H", len(tags)) + entries


PLAIN = {256: (4, 6000), 262: (3, 2)}


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(b"\xff\xd8\xff\xe1Exif", Content.NOT_RAW, id="jpeg"),
        pytest.param(b"\x89PNG\r\n\x1a\n", Content.NOT_RAW, id="png"),
        pytest.param(b"<!DOCTYPE html><title>404", Content.NOT_RAW, id="a-failed-download"),
        pytest.param(b"\0\0\0\x18ftypheic", Content.NOT_RAW, id="heif"),
        pytest.param(b"\0\0\0\x18ftypcrx ", Content.RAW, id="cr3"),
        pytest.param(b"\0\0\0\x18ftypzzzz", Content.UNKNOWN, id="an-unknown-brand"),
        pytest.param(b"FUJIFILMCCD-RAW ", Content.RAW, id="raf"),
        pytest.param(b"FOVb", Content.RAW, id="x3f"),
        pytest.param(b"IIU\0", Content.RAW, id="rw2"),
        pytest.param(b"\0" * 64, Content.UNKNOWN, id="zeros"),
        pytest.param(b"", Content.UNKNOWN, id="empty"),
        pytest.param(b"II*\0", Content.UNKNOWN, id="tiff-cut-in-its-header"),
    ],
)
def test_the_first_bytes_tell_what_is_certainly_no_raw_file(head: bytes, expected: Content) -> None:
    assert judge("IMG_1.NEF", head).content is expected


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("name", "tags", "expected"),
    [
        pytest.param("a.tif", PLAIN, Content.NOT_RAW, id="a-finished-tiff"),
        pytest.param("a.TIFF", {**PLAIN, 50706: (4, 1)}, Content.RAW, id="dng-called-tiff"),
        pytest.param(
            "a.tif", {256: (4, 288), 262: (3, 2), 271: (4, 9)}, Content.UNKNOWN, id="thumbnail-first"
        ),
        pytest.param("a.tif", {256: (4, 640), 262: (3, 2)}, Content.NOT_RAW, id="small-and-of-no-camera"),
        pytest.param("a.tif", {**PLAIN, 330: (4, 99)}, Content.UNKNOWN, id="with-sub-directories"),
        pytest.param("a.tif", {256: (4, 6000), 262: (3, 32803)}, Content.RAW, id="sensor-data"),
        pytest.param("a.tif", {}, Content.UNKNOWN, id="empty-directory"),
        pytest.param("a.nef", PLAIN, Content.UNKNOWN, id="a-camera-extension-gets-the-benefit-of-doubt"),
    ],
)
def test_a_tiff_counts_only_if_it_may_hold_sensor_data(
    name: str, tags: dict[int, tuple[int, int]], expected: Content, order: str
) -> None:
    head, directory = tiff(tags, order=order)

    assert directory_offset(head) == 8
    assert judge(name, head, directory).content is expected


@given(
    head=st.binary(max_size=64), directory=st.binary(max_size=64), name=st.sampled_from(["a.tif", "a.nef"])
)
def test_no_bytes_are_too_strange_to_be_judged(head: bytes, directory: bytes, name: str) -> None:
    for start in (b"", b"II*\0", b"MM\0*", b"\0\0\0\x08ftyp"):
        assert isinstance(judge(name, start + head, directory), Judgement)


def test_every_real_raw_file_passes_good_or_bad() -> None:
    folder = raws()
    if folder is None:
        pytest.skip("no folder of real camera files: set DARKROOM_RAWS")

    turned_away = [
        path.name
        for path in sorted(folder.rglob("*.*"))
        if path.suffix != ".md" and judge_file(path.name, path.read_bytes()).content is Content.NOT_RAW
    ]

    assert turned_away == []


def judge_file(name: str, data: bytes) -> Judgement:
    head = data[:HEAD_BYTES]
    offset = directory_offset(head) or 0
    return judge(name, head, data[offset : offset + DIRECTORY_BYTES])


def test_a_generated_dng_is_known_for_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = make_dng(tmp_path_factory.mktemp("dng") / "a.dng")

    assert judge_file("a.tif", path.read_bytes()).content is Content.RAW
