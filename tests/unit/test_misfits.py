from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.config import Config, combine, parse_config, parse_layer
from darkroomd.core.faults import MOST_TOLD, ConfigInvalid
from darkroomd.core.misfits import misfits
from darkroomd.core.toml_text import dotted

SOURCE = "/etc/darkroomd/config.toml"


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        pytest.param("rots = 1", "rots", "no such key. Did you mean roots?", id="nearest-key"),
        pytest.param(
            "[intake]\npoll-seconds = 1", "intake.poll-seconds", "Did you mean poll_seconds?", id="dash"
        ),
        pytest.param(
            "quiet_seconds = 1", "quiet_seconds", "It belongs into the table [intake].", id="other-table"
        ),
        pytest.param("[daemon]\nzz = 1", "daemon.zz", "Known here are stop_seconds", id="nothing-near"),
        pytest.param('"a\\nb" = 1', '"a\\nb"', "no such key", id="odd-key"),
        pytest.param(
            "roots = 5", "roots", "It must be an array of texts. Write it in brackets.", id="no-array"
        ),
        pytest.param(
            "roots = ['/a', 3]", "roots[1]", "3 is not right. It must be text. Write it in", id="element"
        ),
        pytest.param("workers = '1'", "workers", "upwards. Write it without quotes.", id="quoted-number"),
        pytest.param(
            "[presets]\nstrict = 'true'", "presets.strict", "true or false. Write it w", id="quoted-flag"
        ),
        pytest.param("workers = true", "workers", "true is not right", id="flag-for-a-number"),
        pytest.param(
            "[socket]\ngroup = 33", "socket.group", "must be text. Write it in quotes.", id="bare-text"
        ),
        pytest.param("[socket]\ngroup = 2026-05-01", "socket.group", "Write it in quotes.", id="date"),
        pytest.param(
            "[worker]\nphotos = 2026-05-01", "worker.photos", "2026-05-01 is not right", id="odd-date"
        ),
        pytest.param("[intake]\nscan_seconds = nan", "intake.scan_seconds", "nan is not right", id="nan"),
        pytest.param("[intake]\nscan_seconds = -inf", "intake.scan_seconds", "from 1 to 3600", id="infinite"),
        pytest.param(
            f"[intake]\nscan_seconds = {'9' * 400}", "intake.scan_seconds", "99… is not right", id="huge"
        ),
        pytest.param("workers = 0x" + "f" * 5000, "workers", "0xffff", id="beyond-what-python-writes"),
        pytest.param("workers = -0", "workers", "0 is not right", id="negative-zero"),
        pytest.param(
            "[recipe]\nformat = 'jpg'", "recipe[0].format", 'Did you mean "jpeg"?', id="nearest-value"
        ),
        pytest.param(
            "[recipe.overlay]\nplace = 'top'", "recipe[0].overlay", "the key file is missing", id="needed"
        ),
        pytest.param(
            "intake = [[[[1]]]]", "intake", "an array is not right. It must be a table.", id="array"
        ),
        pytest.param(
            "recipe = [[1]]", "recipe[0]", "an array is not right. It must be a table.", id="in-array"
        ),
    ],
)
def test_what_does_not_fit_is_told_with_a_remedy(text: str, key: str, said: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parse_config(text.encode(), SOURCE)

    (flaw,) = caught.value.flaws
    assert flaw.key == key
    assert said in str(flaw)
    assert str(flaw).startswith(f"{SOURCE}:")


def test_all_that_is_wrong_is_told_at_once_with_its_lines() -> None:
    text = 'rots = 1\n[intake]\nquiet_seconds = "a"\n\n[[recipe]]\nbits = 9\n[[recipe]]\nzzz = 1\n'

    with pytest.raises(ConfigInvalid) as caught:
        parse_config(text.encode(), SOURCE)

    assert [(flaw.line, flaw.key) for flaw in caught.value.flaws] == [
        (1, "rots"),
        (3, "intake.quiet_seconds"),
        (6, "recipe[0].bits"),
        (8, "recipe[1].zzz"),
    ]
    assert caught.value.context["problems"] == [flaw.facts for flaw in caught.value.flaws]


def test_an_error_tells_some_of_many_flaws_and_where_the_rest_is() -> None:
    text = "".join(f"zz{number} = 1\n" for number in range(MOST_TOLD + 2))

    with pytest.raises(ConfigInvalid) as caught:
        parse_config(text.encode(), SOURCE)

    assert f"zz{MOST_TOLD - 1}:" in caught.value.message
    assert f"zz{MOST_TOLD}:" not in caught.value.message
    assert "There are 2 more; `darkroomd --check-config`" in caught.value.message


def test_what_does_not_go_together_is_told_at_once_too() -> None:
    text = (
        'roots = [\n  "/a",\n  "b",\n]\nworkers = 3\nschedule.allow = ["22:00-07:00", "late"]\n'
        '[[recipe]]\nquality = 96\n[[recipe]]\nfolder = "Raw"\n[presets]\nfolder = "a\\u0000b"'
    )

    with pytest.raises(ConfigInvalid) as caught:
        combine([parse_layer(text.encode(), SOURCE)], cores=2)

    assert [(flaw.line, flaw.key) for flaw in caught.value.flaws] == [
        (5, "workers"),
        (3, "roots[1]"),
        (12, "presets.folder"),
        (8, "recipe[0].quality"),
        (10, "recipe[1].folder"),
        (6, "schedule.allow[1]"),
    ]


def test_a_flaw_is_told_of_the_layer_that_counts() -> None:
    lower = parse_layer(b'roots = ["a"]\n[presets]\nfolder = "b"', "/etc/lower.toml")
    upper = parse_layer(b'\n\nroots = ["c"]\n[presets]\nstrict = true', "/home/upper.toml")

    with pytest.raises(ConfigInvalid) as caught:
        combine([lower, upper])

    assert [str(flaw.place) for flaw in caught.value.flaws] == [
        "/home/upper.toml:3: roots[0]",
        "/etc/lower.toml:3: presets.folder",
    ]


def test_a_flaw_of_the_only_recipe_is_told_with_its_line() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parse_config(b'[recipe]\nname = "a"\nquality = 0', SOURCE)

    assert [(flaw.line, flaw.key) for flaw in caught.value.flaws] == [(3, "recipe[0].quality")]


def test_a_flaw_of_a_default_is_told_of_the_table_that_leaves_it() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parse_config(b'[[recipe]]\n\n[[recipe]]\nname = "b"', SOURCE)

    assert [(flaw.line, flaw.key) for flaw in caught.value.flaws] == [(3, "recipe[1].folder")]


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        pytest.param(b"a = 1\nroots = [\n", 2, "ends within a value. End lists with ]", id="list"),
        pytest.param(b'roots = ["/a]\n', 1, "a text has no end", id="text"),
        pytest.param(b"\n[socket]\ngroup = photo", 3, "Write texts in quotes", id="bare-word"),
        pytest.param(b"workers = 1\nworkers = 2\n", 2, "workers is set twice. Remove one", id="key-twice"),
        pytest.param(
            b"workers = 1\nworkers = 2", 2, "workers is set twice. Remove one", id="twice-at-the-end"
        ),
        pytest.param(b"[intake]\n[worker]\n[intake]", 3, "this table is there twice", id="table-twice"),
        pytest.param(b"workers 1", 1, "not followed by =", id="no-equals-sign"),
        pytest.param(b"workers = 1 roots = []", 1, "something follows", id="two-in-a-line"),
        pytest.param(b"a = 1\rb = 2", 1, "something follows", id="lone-carriage-return"),
        pytest.param(b"a = 2026-13-01", 1, "a line should end", id="no-such-month"),
        pytest.param(b"a = 1\nb = '\xff'", 2, "not UTF-8", id="not-utf8"),
        pytest.param("workers = 1".encode("utf-16"), 1, "Save the file as plain text in UTF-8.", id="utf16"),
        pytest.param(b"a = 1\nb = " + b"9" * 5000, 2, "too many digits", id="digits"),
        pytest.param(b"a = " + b"[" * 100_000, None, "nested too deeply", id="deep"),
        pytest.param(b"\x00", 1, "neither a key nor a table", id="nul"),
        pytest.param(b'a = "\\q"', 1, "Write \\\\", id="escape"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line_and_a_remedy(
    content: bytes, line: int | None, said: str
) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parse_config(content, SOURCE)

    (flaw,) = caught.value.flaws
    assert (flaw.line, flaw.key) == (line, "")
    assert "this is not TOML" in flaw.problem
    assert said in str(flaw)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbfworkers = 1", id="byte-order-mark"),
        pytest.param(b"[worker]\r\nphotos = 500\r\n", id="windows-lines"),
        pytest.param(b"daemon.stop_seconds = 7", id="dotted"),
        pytest.param(b"[schedule]\nallow = []", id="empty-list"),
    ],
)
def test_what_is_only_written_otherwise_is_taken(content: bytes) -> None:
    assert parse_config(content, SOURCE) == Config()


def test_a_key_of_very_many_parts_is_refused_before_it_takes_for_ever() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parse_config(b"workers = 1\na" + b".a" * 500_000 + b" = 1", SOURCE)

    assert str(caught.value.flaws[0]) == f"{SOURCE}:2: too many dots. Break the line."


def test_nothing_is_told_of_a_document_that_fits() -> None:
    document = tomllib.loads('roots = ["/a"]\n[intake]\nquiet_seconds = 1\n[[recipe]]\nbox = [1, 2]')

    assert list(misfits(document, Config)) == []


def test_every_key_that_a_document_can_have_is_known() -> None:
    found = misfits(dict.fromkeys(Config.__struct_fields__, "?"), Config)

    assert [dotted(misfit.path) for misfit in found] == list(Config.__struct_fields__)


def test_the_path_of_a_file_is_named_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parse_config(b"rots = 1", str(tmp_path))

    assert caught.value.context["path"] == str(tmp_path)
    assert caught.value.context["line"] == 1


KEYS = st.sampled_from(
    ["roots", "workers", "intake", "recipe", "overlay", "file", "box", "log", "levels", "api", "strict", "zz"]
)
VALUES = st.recursive(
    st.sampled_from(["/a", "info", "", 1, 0, -1, 0.5, float("nan"), True, date(2026, 5, 1), 16**999]),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(KEYS, values, max_size=3),
    max_leaves=9,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_whatever_does_not_fit_is_found_and_nothing_else(document: dict[str, object]) -> None:
    found = list(misfits(document, Config))

    assert bool(found) is not fits(document)
    for misfit in found:
        assert misfit.problem
        assert misfit.remedy.endswith((".", "?"))


def fits(document: dict[str, object]) -> bool:
    try:
        msgspec.convert(document, Config)
    except msgspec.ValidationError:
        return False
    return True


@given(st.binary(max_size=40) | st.text("a=[]{}\"'.#\n\\ 1-:T", max_size=30).map(str.encode))
def test_whatever_a_file_holds_is_a_configuration_or_is_told_why_not(content: bytes) -> None:
    assert is_told_or_taken(content)


def is_told_or_taken(content: bytes) -> bool:
    try:
        parse_config(content, SOURCE)
    except ConfigInvalid as error:
        return bool(error.flaws) and error.message.endswith((".", "?"))
    return True
