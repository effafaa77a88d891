from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import IFD

from darkroomd.imaging import tiff
from darkroomd.imaging.decoder import ShotFacts
from darkroomd.imaging.dng import Facts, Sensor, dng_bytes
from darkroomd.imaging.exif import exif_block
from darkroomd.imaging.metadata import Metadata, read_metadata
from darkroomd.imaging.samples import colour_chart
from darkroomd.imaging.tiff import Field
from make import peak_memory
from make_containers import CONTAINERS, DATE, SILENT, TOLD, block_of, shot_at

TAKEN_AT = datetime(2024, 5, 4, 10, 30, 15, 250_000)  # noqa: DTZ001 - cameras have no zone


def dng(facts: Facts) -> bytes:
    return dng_bytes(Sensor().expose(colour_chart(width=12, height=8)), facts=facts)


def as_pillow_reads(metadata: Metadata) -> tuple[dict[int, Any], dict[int, Any], dict[int, Any]]:
    exif = Image.Exif()
    exif.load(exif_block(metadata, width=30, height=20))
    return dict(exif), exif.get_ifd(IFD.Exif), exif.get_ifd(IFD.GPSInfo)


def test_what_the_camera_said_reaches_the_jpeg() -> None:
    facts = Facts(
        taken_at=TAKEN_AT.replace(tzinfo=timezone(timedelta(hours=-5))),
        orientation=6,
        exposure_seconds=Fraction(1, 160),
        artist="Zoë Δ",
        copyright="© Zoë",
        position=(-33.8568, 151.2153),
    )

    main, exif, gps = as_pillow_reads(read_metadata(dng(facts), SILENT))

    assert (main[271], main[272], main[274]) == ("Darkroom", "Test Camera", 1)
    assert main[315].encode("latin-1").decode() == "Zoë Δ"
    assert main[33432].encode("latin-1").decode() == "© Zoë"
    assert (exif[36867], exif[37521], exif[36881]) == ("2024:05:04 10:30:15", "25", "-05:00")
    assert (float(exif[33434]), float(exif[33437]), exif[34855], float(exif[37386])) == (
        1 / 160,
        2.8,
        200,
        50,
    )
    assert exif[42036] == "Darkroom 50mm F1.8"
    assert (exif[40961], exif[40962], exif[40963]) == (1, 30, 20)
    assert (gps[1], gps[3]) == ("S", "E")
    assert float(gps[2][0] + gps[2][1] / 60 + gps[2][2] / 3600) == pytest.approx(33.8568, abs=1e-5)


def test_makers_notes_previews_and_serial_numbers_do_not() -> None:
    secrets = [tiff.raw_bytes(37500, b"notes"), tiff.text(42033, "12345"), tiff.text(37510, "comment")]
    blob = block_of([tiff.text(271, "A"), tiff.long(513, 8), tiff.text(50827, "f.nef")], exif=secrets)

    main, exif, _ = as_pillow_reads(read_metadata(blob, SILENT))

    assert set(main) == {271, 274, 282, 283, 296, 305, 531, tiff.EXIF_FOLDER}
    assert set(exif) == {36864, 37121, 40960, 40961, 40962, 40963}


@pytest.mark.parametrize(
    ("taken_at", "expected"),
    [
        pytest.param(TAKEN_AT, datetime(2024, 5, 4, 10, 30, 15, 250_000, UTC), id="clock-taken-for-utc"),
        pytest.param(
            TAKEN_AT.replace(tzinfo=timezone(timedelta(hours=2))),
            datetime(2024, 5, 4, 8, 30, 15, 250_000, UTC),
            id="offset-known",
        ),
        pytest.param(
            TAKEN_AT.replace(microsecond=1, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
            datetime(2024, 5, 4, 20, 0, 15, 1, UTC),
            id="behind-utc-to-the-microsecond",
        ),
    ],
)
def test_the_time_of_capture_is_told_in_utc(taken_at: datetime, expected: datetime) -> None:
    metadata = read_metadata(dng(Facts(taken_at=taken_at)), SILENT)

    since = expected - datetime(1970, 1, 1, tzinfo=UTC)
    assert metadata.captured_at_usec == since // timedelta(microseconds=1)


def test_a_file_without_any_date_has_none() -> None:
    metadata = read_metadata(dng(Facts(taken_at=None)), SILENT)

    assert (metadata.captured_at_usec, metadata.zone_minutes) == (None, None)


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [
        pytest.param("+05:30", 330, id="ahead"),
        pytest.param("-09:30", -570, id="behind"),
        pytest.param("Z", 0, id="utc"),
        pytest.param("", None, id="not-told"),
        pytest.param("+99:00", None, id="nowhere"),
    ],
)
def test_the_zone_is_the_one_that_the_camera_tells(zone: str, minutes: int | None) -> None:
    metadata = read_metadata(block_of([tiff.text(271, "A")], exif=shot_at(DATE, zone=zone)), SILENT)

    assert metadata.zone_minutes == minutes


def test_an_offset_without_a_date_is_no_zone() -> None:
    metadata = read_metadata(block_of([tiff.text(271, "A")], exif=shot_at("", zone="+02:00")), SILENT)

    assert metadata.zone_minutes is None


@pytest.mark.parametrize(
    ("main", "exif"),
    [
        pytest.param([], [tiff.text(36868, "2024:05:04 10:30:15")], id="digitized"),
        pytest.param([tiff.text(306, "2024:05:04 10:30:15")], [], id="changed"),
        pytest.param([tiff.text(36867, "2024:05:04 10:30:15")], [], id="in-the-main-folder"),
        pytest.param([], [tiff.text(36867, "2024/05/04T10:30:15\0x")], id="other-marks"),
    ],
)
def test_a_date_is_found_wherever_it_stands(main: list[Field], exif: list[Field]) -> None:
    metadata = read_metadata(block_of([tiff.text(271, "A"), *main], exif=exif), SILENT)

    _, written, _ = as_pillow_reads(metadata)

    assert written[36867] == "2024:05:04 10:30:15"
    assert metadata.captured_at_usec == 1_714_818_615_000_000


def test_subseconds_do_not_pass_to_another_date() -> None:
    exif = [tiff.text(37521, "99"), tiff.text(36881, "+09:00"), tiff.text(36868, "2024:05:04 10:30:15")]

    metadata = read_metadata(block_of([], exif=exif), SILENT)

    assert metadata.captured_at_usec == 1_714_818_615_000_000


def test_the_decoder_stands_in_where_the_container_is_silent() -> None:
    facts = ShotFacts(
        iso=80,
        exposure_seconds=0.016674,
        f_number=2.79796,
        focal_length_mm=7.09375,
        taken_at=TAKEN_AT,
        lens="Zoom\n",
    )

    _, exif, _ = as_pillow_reads(read_metadata(b"HEAP", facts))

    assert (exif[34855], exif[33434], float(exif[33437])) == (80, Fraction(1, 60), 2.8)
    assert float(exif[37386]) == pytest.approx(7.1)
    assert exif[42036] == "Zoom"
    assert exif[36867] == "2024:05:04 10:30:15"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1.0, 1e30, 0.0])
def test_the_decoders_junk_is_left_out(number: float) -> None:
    facts = ShotFacts(
        iso=number, exposure_seconds=number, f_number=number, focal_length_mm=number, taken_at=None
    )

    _, exif, _ = as_pillow_reads(read_metadata(b"", facts))

    assert not {33434, 33437, 34855, 37386} & set(exif)


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(tiff.rational(33434, Fraction(4_000_000)), id="exposure-of-a-month"),
        pytest.param(Field(33437, tiff.RATIONAL, 1, struct.pack("<2I", 5, 0)), id="division-by-zero"),
        pytest.param(tiff.text(34855, "many"), id="text-for-a-number"),
        pytest.param(tiff.text(36867, "2024:13:45 99:99:99"), id="no-such-date"),
        pytest.param(tiff.text(36867, "9999:12:31 23:00:00"), id="last-year-of-the-calendar"),
        pytest.param(tiff.text(36867, "0001:01:01 00:00:00"), id="clock-never-set"),
        pytest.param(tiff.text(36881, "+99:00"), id="no-such-zone"),
        pytest.param(tiff.text(36881, "+05:75"), id="no-such-minute"),
        pytest.param(tiff.text(37521, "\u0663"), id="digits-of-another-script"),
        pytest.param(tiff.text(37521, "12x"), id="no-digits"),
        pytest.param(tiff.text(42036, "\1\2\3"), id="control-characters"),
    ],
)
def test_a_tag_that_makes_no_sense_is_left_out_with_a_warning(junk: Field) -> None:
    metadata = read_metadata(block_of([tiff.text(271, "A")], exif=[junk]), SILENT)

    _, exif, _ = as_pillow_reads(metadata)

    assert junk.tag not in exif
    assert str(junk.tag) in metadata.warnings[0]


def test_zeros_and_blanks_mean_unknown_and_are_no_junk() -> None:
    blanks = [
        tiff.rational(33434, Fraction()),
        tiff.short(34855, 0),
        tiff.text(36867, "   "),
        tiff.text(36868, "0000:00:00 00:00:00"),
    ]

    metadata = read_metadata(block_of([tiff.text(271, "A")], exif=blanks), SILENT)

    assert metadata.warnings == ()


@pytest.mark.parametrize(
    ("said", "written"),
    [
        pytest.param("+02:00", "+02:00", id="as-exif-writes-it"),
        pytest.param("-0330", "-03:30", id="without-a-colon"),
        pytest.param("Z", "+00:00", id="zulu"),
    ],
)
def test_an_offset_is_written_as_exif_writes_it(said: str, written: str) -> None:
    shot = [tiff.text(36867, "2024:05:04 10:30:15"), tiff.text(36881, said)]

    _, exif, _ = as_pillow_reads(read_metadata(block_of([tiff.text(271, "A")], exif=shot), SILENT))

    assert exif[36881] == written


def test_a_lens_of_unknown_aperture_keeps_its_focal_lengths() -> None:
    lens = (24, 1, 70, 1, 0, 0, 0, 0)
    shot = [Field(42034, tiff.RATIONAL, 4, struct.pack("<8I", *lens))]

    metadata = read_metadata(block_of([tiff.text(271, "A")], exif=shot), SILENT)

    assert metadata.exif[42034].payload == struct.pack("<8I", *lens)
    assert metadata.warnings == ()


@pytest.mark.parametrize(
    "lens",
    [
        pytest.param((24, 0, 70, 1, 4, 1, 4, 1), id="a-number-by-zero"),
        pytest.param((24, 1, 70, 1, 4, 1, 4_000_000_000, 1), id="no-such-aperture"),
        pytest.param((24, 1, 70, 1, 4, 1), id="three-numbers"),
    ],
)
def test_a_lens_that_makes_no_sense_is_left_out(lens: tuple[int, ...]) -> None:
    shot = [Field(42034, tiff.RATIONAL, len(lens) // 2, struct.pack(f"<{len(lens)}I", *lens))]

    metadata = read_metadata(block_of([tiff.text(271, "A")], exif=shot), SILENT)

    assert 42034 not in metadata.exif


@pytest.mark.parametrize("kind", [tiff.BYTE, tiff.RATIONAL])
def test_a_tag_of_a_million_values_costs_no_more_than_its_first_ones(kind: int) -> None:
    values = b"\7" * (1 << 20)
    blob = block_of([], exif=[Field(33434, kind, len(values) // (8 if kind == tiff.RATIONAL else 1), values)])

    with peak_memory() as peak:
        read_metadata(blob, SILENT)

    assert peak.size_bytes < 200_000


def test_a_text_from_a_file_is_printable_and_bounded() -> None:
    blob = block_of([tiff.text(271, "  A\n\x1b[31mB" + "x" * 5_000)])

    main, _, _ = as_pillow_reads(read_metadata(blob, SILENT))

    assert main[271].startswith("A[31mB")
    assert len(main[271]) == 200


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        pytest.param("Canon", "Canon EOS R6", "Canon EOS R6", id="the-model-names-the-maker"),
        pytest.param("NIKON CORPORATION", "NIKON D7100", "NIKON D7100", id="in-part"),
        pytest.param("Eastman Kodak Company", "Kodak DC120 ZOOM", "Kodak DC120 ZOOM", id="later-on"),
        pytest.param("SONY ", "ILCE-7M3", "SONY ILCE-7M3", id="it-does-not"),
        pytest.param("", "X100", "X100", id="no-maker"),
    ],
)
def test_the_camera_is_named_once(make: str, model: str, camera: str) -> None:
    blob = block_of([tiff.text(271, make), tiff.text(272, model)])

    assert read_metadata(blob, SILENT).camera == camera


def test_half_a_position_is_none() -> None:
    gps = [tiff.text(1, "N"), tiff.rational(2, Fraction(95), Fraction(), Fraction()), tiff.text(3, "E")]

    metadata = read_metadata(block_of([tiff.text(271, "A")], gps=gps), SILENT)

    assert not metadata.gps


@given(st.data())
def test_changed_bytes_cost_tags_and_nothing_else(data: st.DataObject) -> None:
    blob = bytearray(dng(Facts(position=(1.0, 2.0), artist="A"))[:1_200])
    for place, value in data.draw(st.dictionaries(st.integers(8, 1_199), st.integers(0, 255))).items():
        blob[place] = value

    metadata = read_metadata(bytes(blob), SILENT)

    main, _, _ = as_pillow_reads(metadata)
    assert main[274] == 1


def test_the_shots_of_a_burst_are_in_the_order_of_their_subseconds() -> None:
    subseconds = ("05", "1", "25", "250001", "7")
    shots = [shot_at(DATE, subseconds=fraction) for fraction in subseconds]

    times = [
        read_metadata(block_of([tiff.text(271, "A")], exif=shot), SILENT).captured_at_usec for shot in shots
    ]

    first = 1_714_818_615_000_000
    assert times == [first + usec for usec in (50_000, 100_000, 250_000, 250_001, 700_000)]


@pytest.mark.parametrize(
    ("changed_at", "written"),
    [
        pytest.param(DATE, "+02:00", id="the-same-press-of-the-button"),
        pytest.param("2024:05:05 10:30:15", None, id="another-time"),
    ],
)
def test_an_offset_of_another_date_counts_only_where_both_are_one(
    changed_at: str, written: str | None
) -> None:
    main = [tiff.text(271, "A"), tiff.text(306, changed_at)]

    metadata = read_metadata(block_of(main, exif=[*shot_at(DATE), tiff.text(36880, "+02:00")]), SILENT)

    _, exif, _ = as_pillow_reads(metadata)
    assert exif.get(36881) == written


def test_the_date_of_digitizing_brings_its_own_subseconds_and_offset() -> None:
    exif = [tiff.text(36868, DATE), tiff.text(37522, "5"), tiff.text(36882, "+01:00")]

    metadata = read_metadata(block_of([tiff.text(271, "A")], exif=exif), SILENT)

    assert metadata.captured_at_usec == 1_714_818_615_500_000 - 3_600_000_000


def test_a_crws_lens_is_told_without_apertures() -> None:
    settings = bytes(46) + struct.pack("<3H", 682, 227, 32)
    directory = struct.pack("<HHIII", 1, 0x102D, len(settings), 0, len(settings))
    header = struct.pack("<2sI8s", b"II", 26, b"HEAPCCDR").ljust(26, b"\0")

    metadata = read_metadata(header + settings + directory, SILENT)

    assert metadata.exif[42034].payload == struct.pack("<8I", 71, 10, 213, 10, 0, 0, 0, 0)


@pytest.mark.parametrize("suffix", CONTAINERS)
@given(data=st.data())
def test_changed_bytes_of_any_container_cost_tags_and_nothing_else(suffix: str, data: st.DataObject) -> None:
    blob = bytearray(CONTAINERS[suffix](TOLD))
    places = st.integers(0, len(blob) - 1)
    for place, value in data.draw(st.dictionaries(places, st.integers(0, 255), max_size=40)).items():
        blob[place] = value
    whole = bytes(blob[: data.draw(st.integers(0, len(blob)))])

    metadata = read_metadata(whole, SILENT)

    main, _, _ = as_pillow_reads(metadata)
    assert main[274] == 1
    assert {37500, 42033}.isdisjoint(metadata.exif)
