from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import IFD

from darkroomd.core.culling import EARLIEST_USEC, LATEST_USEC
from darkroomd.core.imprint import Imprint
from darkroomd.core.recipes import MetadataPolicy
from darkroomd.imaging import tags, tiff
from darkroomd.imaging.exif import exif_block, main_fields
from darkroomd.imaging.metadata import Metadata, read_metadata
from darkroomd.imaging.tiff import Block
from make_containers import DATE, SILENT, block_of, shot_at

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_GPS, NONE = MetadataPolicy.NO_GPS, MetadataPolicy.NONE

POSITION = [
    tiff.text(1, "N"),
    tiff.rational(2, *map(tiff.Fraction, (52, 31, 12))),
    tiff.text(3, "E"),
    tiff.rational(4, *map(tiff.Fraction, (13, 24, 36))),
    tiff.text(29, "2024:05:04"),
]


def usec(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def signed() -> Metadata:
    main = [tiff.text(271, "A"), tiff.text(tags.ARTIST, "Camera"), tiff.text(tags.COPYRIGHT, "(c) Camera")]
    return read_metadata(block_of(main, exif=shot_at(DATE), gps=POSITION), SILENT)


def as_pillow_reads(
    metadata: Metadata, imprint: Imprint, *, is_srgb: bool = True
) -> tuple[dict[int, Any], dict[int, Any], dict[int, Any]]:
    exif = Image.Exif()
    exif.load(exif_block(metadata, width=30, height=20, imprint=imprint, is_srgb=is_srgb))
    return dict(exif), exif.get_ifd(IFD.Exif), exif.get_ifd(IFD.GPSInfo)


def test_without_gps_everything_else_passes() -> None:
    metadata = signed()

    everything = as_pillow_reads(metadata, Imprint())
    main, exif, gps = as_pillow_reads(metadata, Imprint(policy=NO_GPS))

    assert everything[2]
    assert gps == {}
    assert tiff.GPS_FOLDER not in main
    assert exif == everything[1]


def test_without_metadata_there_is_no_block() -> None:
    imprint = Imprint(policy=NONE, corrected_at_usec=5)

    assert exif_block(signed(), width=30, height=20, imprint=imprint) == b""
    assert main_fields(Block(), signed(), imprint=imprint, is_srgb=True) == []


def test_without_metadata_a_name_that_people_give_stands_alone() -> None:
    main, exif, gps = as_pillow_reads(signed(), Imprint(policy=NONE, copyright="Studio"))

    assert main[tags.COPYRIGHT] == "Studio"
    assert set(main) == {tags.COPYRIGHT, 274, 282, 283, 296, 305, 531, tiff.EXIF_FOLDER}
    assert set(exif) == {36864, 37121, 40960, 40961, 40962, 40963}
    assert gps == {}


@pytest.mark.parametrize(
    ("imprint", "names"),
    [
        pytest.param(Imprint(), ("Camera", "(c) Camera"), id="the-cameras"),
        pytest.param(Imprint(artist="Ann"), ("Ann", "(c) Camera"), id="artist"),
        pytest.param(Imprint(copyright="Studio\n"), ("Camera", "Studio"), id="copyright"),
        pytest.param(Imprint(artist="", copyright=" "), (None, None), id="left-out"),
    ],
)
def test_peoples_word_stands_in_for_the_cameras(
    imprint: Imprint, names: tuple[str | None, str | None]
) -> None:
    main, _, _ = as_pillow_reads(signed(), imprint)

    assert (main.get(tags.ARTIST), main.get(tags.COPYRIGHT)) == names


def test_another_colour_space_is_not_called_srgb() -> None:
    _, exif, _ = as_pillow_reads(signed(), Imprint(), is_srgb=False)

    assert exif[tags.COLOUR_SPACE] == 0xFFFF


@pytest.mark.parametrize(
    ("said", "at", "written"),
    [
        pytest.param(
            {}, datetime(2024, 5, 5, 9, 0, 0, 0, UTC), ("2024:05:05 09:00:00", None), id="whole-seconds"
        ),
        pytest.param(
            {"zone": "+02:00"},
            datetime(2024, 5, 5, 9, 0, 0, 0, UTC),
            ("2024:05:05 11:00:00", None),
            id="in-its-zone",
        ),
        pytest.param(
            {"subseconds": "250"},
            datetime(2024, 5, 5, 9, 0, 0, 250_000, UTC),
            ("2024:05:05 09:00:00", "250"),
            id="the-fraction-stays-as-written",
        ),
        pytest.param(
            {"subseconds": "250"},
            datetime(2024, 5, 5, 9, 0, 0, 0, UTC),
            ("2024:05:05 09:00:00", "000"),
            id="a-fraction-goes-to-zero",
        ),
        pytest.param(
            {},
            datetime(2024, 5, 5, 9, 0, 0, 1, UTC),
            ("2024:05:05 09:00:00", "000001"),
            id="to-the-microsecond",
        ),
        pytest.param(
            {"subseconds": "123456789"},
            datetime(2024, 5, 5, 9, 0, 0, 123_456, UTC),
            ("2024:05:05 09:00:00", "123456789"),
            id="finer-than-ours",
        ),
    ],
)
def test_a_corrected_time_is_written_as_the_camera_writes_it(
    said: dict[str, str], at: datetime, written: tuple[str, str | None]
) -> None:
    metadata = read_metadata(block_of([tiff.text(271, "A")], exif=shot_at(DATE, **said)), SILENT)

    _, exif, _ = as_pillow_reads(metadata, Imprint(corrected_at_usec=usec(at)))

    assert (exif[tags.TAKEN_AT], exif.get(tags.SUBSECONDS_TAKEN)) == written
    assert exif.get(tags.OFFSET_TAKEN) == said.get("zone")


def test_the_cameras_other_dates_move_as_far_and_the_satellites_stays() -> None:
    main = [tiff.text(271, "A"), tiff.text(tags.CHANGED_AT, "2024:05:04 10:30:17")]
    metadata = read_metadata(
        block_of(main, exif=[*shot_at(DATE), tiff.text(tags.DIGITIZED_AT, DATE)], gps=POSITION), SILENT
    )
    assert metadata.captured_at_usec is not None

    changed, exif, gps = as_pillow_reads(
        metadata, Imprint(corrected_at_usec=metadata.captured_at_usec + 3_600_000_000)
    )

    assert changed[tags.CHANGED_AT] == "2024:05:04 11:30:17"
    assert exif[tags.DIGITIZED_AT] == exif[tags.TAKEN_AT] == "2024:05:04 11:30:15"
    assert gps[29] == "2024:05:04"


def test_a_photo_without_a_date_gets_the_one_it_is_given() -> None:
    metadata = read_metadata(block_of([tiff.text(271, "A")]), SILENT)

    _, exif, _ = as_pillow_reads(
        metadata, Imprint(corrected_at_usec=usec(datetime(2024, 5, 5, 9, tzinfo=UTC)))
    )

    assert exif[tags.TAKEN_AT] == "2024:05:05 09:00:00"


@given(
    at_usec=st.integers(EARLIEST_USEC, LATEST_USEC - 367 * 86_400 * 1_000_000),
    subseconds=st.from_regex(r"[0-9]{0,9}", fullmatch=True),
    minutes=st.integers(-14 * 60, 14 * 60),
)
def test_a_corrected_time_is_read_back_exactly(at_usec: int, subseconds: str, minutes: int) -> None:
    zone = datetime(2024, 5, 4, tzinfo=timezone(timedelta(minutes=minutes))).strftime("%z")
    shot = shot_at(DATE, zone=zone, subseconds=subseconds)
    metadata = read_metadata(block_of([tiff.text(271, "A")], exif=shot), SILENT)

    block = exif_block(metadata, width=30, height=20, imprint=Imprint(corrected_at_usec=at_usec))

    again = read_metadata(block.removeprefix(b"Exif\0\0"), SILENT)
    assert again.captured_at_usec == at_usec


@given(at_usec=st.integers(EARLIEST_USEC, LATEST_USEC), date=st.datetimes())
def test_any_time_and_any_date_make_a_block(at_usec: int, date: datetime) -> None:
    main = [tiff.text(271, "A"), tags.date_field(tags.CHANGED_AT, date)]
    metadata = read_metadata(block_of(main, exif=shot_at(DATE, zone="+14:00")), SILENT)

    written, _, _ = as_pillow_reads(metadata, Imprint(corrected_at_usec=at_usec))

    assert written[274] == 1


@pytest.mark.parametrize("file_format", ["JPEG", "WEBP", "PNG", "TIFF"])
def test_the_block_is_read_back_from_any_format(file_format: str) -> None:
    buffer = io.BytesIO()

    Image.new("RGB", (30, 20)).save(
        buffer, format=file_format, exif=exif_block(signed(), width=30, height=20)
    )

    with Image.open(io.BytesIO(buffer.getvalue())) as opened:
        exif = opened.getexif()
    assert (exif[271], exif[274], exif[tags.ARTIST]) == ("A", 1, "Camera")
    assert exif.get_ifd(IFD.Exif)[tags.TAKEN_AT] == DATE
    assert exif.get_ifd(IFD.GPSInfo)[1] == "N"


def test_a_tiff_of_our_own_has_the_same_fields() -> None:
    block = Block()

    fields = main_fields(block, signed(), imprint=Imprint(), is_srgb=True)
    blob = block.finish(first=block.add([*fields, tiff.long(256, 30)]))

    again = read_metadata(blob, SILENT)
    assert (again.main, again.exif, again.gps) == (signed().main, signed().exif, signed().gps)
