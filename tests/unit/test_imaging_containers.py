from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.imaging import ciff, tiff
from darkroomd.imaging.containers import bytes_needed, exif_block, tag_folders
from darkroomd.imaging.dng import Layout
from darkroomd.imaging.tiff import Block, Field
from make import make_dng, peak_memory
from make_containers import Said, box, cr3, jpeg_with_exif, raf

CR3, RAF = cr3(Said()), raf(Said(main=(tiff.text(271, "FUJIFILM"),)))


def block_of(*fields: Field) -> bytes:
    block = Block()
    return block.finish(first=block.add(fields))


def panasonic(*, raw_format: int) -> bytes:
    fields = (tiff.short(2, 140), tiff.short(3, 100), tiff.short(45, raw_format), tiff.long(280, 4_096))
    return b"IIU\0" + block_of(*fields)[4:]


def make_of(blob: bytes) -> str:
    return tag_folders(blob).main[271].text()


@pytest.mark.parametrize(
    ("blob", "make"),
    [
        pytest.param(block_of(tiff.text(271, "NIKON")), "NIKON", id="tiff"),
        pytest.param(b"IIRO" + block_of(tiff.text(271, "OLYMPUS"))[4:], "OLYMPUS", id="orf"),
        pytest.param(b"IIU\0" + block_of(tiff.text(271, "Panasonic"))[4:], "Panasonic", id="rw2"),
        pytest.param(RAF, "FUJIFILM", id="raf"),
        pytest.param(CR3, "Canon", id="cr3"),
    ],
)
def test_each_container_gives_its_tags(blob: bytes, make: str) -> None:
    assert make_of(blob) == make


def test_a_cr3_has_a_block_for_each_folder() -> None:
    folders = tag_folders(CR3)

    assert folders.exif[34855].integers() == (800,)
    assert folders.gps[1].text() == "N"


@pytest.mark.parametrize("layout", list(Layout))
def test_a_dng_needs_the_bytes_it_has(tmp_path: Path, layout: Layout) -> None:
    blob = make_dng(tmp_path / "a.dng", layout=layout).read_bytes()

    assert bytes_needed(blob) == len(blob)


@pytest.mark.parametrize(
    ("blob", "needed"),
    [
        pytest.param(RAF, len(RAF), id="raf"),
        pytest.param(CR3, len(CR3), id="cr3"),
        pytest.param(panasonic(raw_format=4), 4_096 + 16_000, id="rw2-of-fixed-size"),
        pytest.param(panasonic(raw_format=8), 4_096, id="rw2-of-any-size"),
        pytest.param(b"HELLO", 0, id="unknown"),
        pytest.param(b"", 0, id="empty"),
    ],
)
def test_the_length_a_picture_needs_is_known(blob: bytes, needed: int) -> None:
    assert bytes_needed(blob) == needed


def test_other_makers_lengths_are_not_believed() -> None:
    fields = (tiff.long(254, 0), tiff.short(262, 32803), tiff.long(273, 500), tiff.long(279, 9_999_999))

    assert bytes_needed(block_of(*fields)) == 501


def test_an_rw2_tells_more_in_its_embedded_jpeg() -> None:
    inner = Block()
    shot = inner.add([tiff.text(42036, "A lens"), tiff.short(34855, 100)])
    jpeg = jpeg_with_exif(
        inner.finish(first=inner.add([tiff.text(271, "B"), tiff.long(tiff.EXIF_FOLDER, shot)]))
    )
    outer = Block()
    own = outer.add([tiff.short(34855, 800)])
    preview = tiff.raw_bytes(46, jpeg + bytes(2_000_000), kind=tiff.UNDEFINED)
    fields = [preview, tiff.text(271, "A"), tiff.long(tiff.EXIF_FOLDER, own)]

    folders = tag_folders(b"IIU\0" + outer.finish(first=outer.add(fields))[4:])

    assert folders.main[271].text() == "A"
    assert folders.exif[42036].text() == "A lens"
    assert folders.exif[34855].integers() == (800,)


def test_the_search_for_a_cr3s_blocks_copies_no_more_than_those() -> None:
    moov = box(b"moov", box(b"uuid", bytes(16)) * 50 + CR3[28:])
    blob = box(b"ftyp", b"crx \0\0\0\1") + moov + box(b"mdat", bytes(4_000_000))

    with peak_memory() as peak:
        tag_folders(blob)

    assert peak.size_bytes < 500_000


def test_a_jpeg_without_exif_has_no_block() -> None:
    assert exif_block(b"\xff\xd8\xff\xda\0\0") == b""


@given(
    st.sampled_from(
        [b"FUJIFILMCCD-RAW ", b"\0\0\0\x18ftypcrx ", b"IIU\0", b"II*\0", b"II\x1a\0\0\0HEAPCCDR"]
    ),
    st.binary(max_size=400),
)
def test_no_bytes_make_the_search_raise(magic: bytes, content: bytes) -> None:
    blob = magic + content

    folders = tag_folders(blob)

    assert bytes_needed(blob) >= 0
    assert ciff.read_facts(blob) is not None
    assert folders.main is not None


@given(st.sampled_from([RAF, CR3]), st.data())
def test_changed_bytes_never_make_the_search_raise(blob: bytes, data: st.DataObject) -> None:
    changed = bytearray(blob)
    for place, value in data.draw(
        st.dictionaries(st.integers(0, len(blob) - 1), st.integers(0, 255))
    ).items():
        changed[place] = value

    tag_folders(bytes(changed))

    assert bytes_needed(bytes(changed)) >= 0
