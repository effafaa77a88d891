from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.layers import KeyPath
from darkroomd.core.toml_lines import lines_of

WHOLE = '''\
# a comment = 1
roots = ["/a", # one
  "/b",

  "/c]"]
a.b . "c.d" = 1
'lit = eral' = """
[no.table]
x = "# no comment"
\\"""" # ends above

[ intake ]
quiet_seconds = 1 # = 2
quiet.at.night = { from = 1979-05-27 07:32:00, to = [ 1, { deep = 2 } ] }

[[recipe]]
name = "a"
[recipe.overlay]
file = \'\'\'
/x\'\'\'

[[recipe]]
name = "b"
[[recipe.sizes]]
edge = 1
[[recipe.sizes]]
edge = 2
[recipe.overlay.more]
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param(("roots",), 2, id="key"),
        pytest.param(("roots", 0), 2, id="first-element"),
        pytest.param(("roots", 1), 3, id="element-on-its-own-line"),
        pytest.param(("roots", 2), 5, id="element-with-a-bracket"),
        pytest.param(("a", "b"), 6, id="part-of-a-dotted-key"),
        pytest.param(("a", "b", "c.d"), 6, id="quoted-part"),
        pytest.param(("lit = eral",), 7, id="literal-key"),
        pytest.param(("intake",), 12, id="table"),
        pytest.param(("intake", "quiet_seconds"), 13, id="key-after-a-long-text"),
        pytest.param(("intake", "quiet", "at", "night", "to", 1, "deep"), 14, id="within-inline-tables"),
        pytest.param(("recipe",), 16, id="array-of-tables"),
        pytest.param(("recipe", 0, "overlay", "file"), 19, id="table-in-an-array"),
        pytest.param(("recipe", 1), 22, id="second-table"),
        pytest.param(("recipe", 1, "name"), 23, id="key-of-the-second-table"),
        pytest.param(("recipe", 1, "sizes", 1, "edge"), 27, id="array-in-an-array"),
        pytest.param(("recipe", 1, "overlay"), 28, id="table-that-only-a-deeper-one-names"),
    ],
)
def test_a_value_is_found_where_it_stands(path: KeyPath, line: int) -> None:
    assert lines_of(WHOLE)[path] == line


def test_lines_that_end_as_under_windows_are_lines() -> None:
    assert lines_of("a = 1\r\n\r\nb = [\r\n2]\r\n") == {("a",): 1, ("b",): 3, ("b", 0): 4}


def paths_in(value: object, at: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    pairs: Iterator[tuple[str | int, object]] = iter(
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for part, inner in pairs:
        yield (*at, part), inner
        yield from paths_in(inner, (*at, part))


def test_it_finds_what_tomllib_finds() -> None:
    assert set(lines_of(WHOLE)) == {path for path, _ in paths_in(tomllib.loads(WHOLE))}


def test_depth_costs_no_stack() -> None:
    nested = "[" * 50_000 + "]" * 50_000

    assert lines_of(f"a = {nested}\nb = 1")[("b",)] == 2


@pytest.mark.parametrize("text", ["]", "= 1", "a = ]", "[[", "a = [", 'a = "', "{", "a", "[a]]", "\0"])
def test_what_is_no_toml_ends_as_well(text: str) -> None:
    assert set(lines_of(f"b = 1\n{text}")) >= {("b",)}


NAMES = st.one_of(
    st.text("abc_-1", min_size=1, max_size=3),
    st.text('ab.#=[] "\\é', max_size=3).map(
        lambda name: '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    ),
    st.text('ab.#=[] "\\é', max_size=3).map(lambda name: f"'{name}'"),
)
KEYS = st.lists(NAMES, min_size=1, max_size=3).map(" . ".join)
GAPS = st.sampled_from(["", " ", "\n", " # ] } , x = 1\n", "\n\n\t"])
TEXTS = st.sampled_from(
    [
        '"# [x]"',
        "'\\'",
        '"""\n[a]\nb = 1\n"""',
        "'''\n]\n''\n'''''",
        '""""x"""""',
        '"\\""',
        "1979-05-27 07:32:00Z",
    ]
)


def array_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def written(parts: list[tuple[str, str, str]]) -> str:
        return "[" + ",".join(f"{before}{value}{after}" for before, value, after in parts) + "\n]"

    return st.lists(st.tuples(GAPS, values, GAPS), max_size=3).map(written)


def table_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.dictionaries(KEYS, values, max_size=3).map(
        lambda pairs: "{ " + ", ".join(f"{key} = {value}" for key, value in pairs.items()) + " }"
    )


# `@` stands for a number that is given out to each later, so that no two are the same.
VALUES = st.recursive(st.just("@") | TEXTS, lambda values: array_of(values) | table_of(values), max_leaves=6)
STATEMENTS = st.one_of(
    st.tuples(KEYS, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    KEYS.map(lambda key: f"[{key}]"),
    KEYS.map(lambda key: f"[[ {key} ]]"),
    st.sampled_from(["", "# a comment", "\t"]),
)


@given(st.lists(STATEMENTS, max_size=10), st.sampled_from(["\n", "\r\n"]))
def test_whatever_tomllib_finds_is_found_on_its_line(statements: list[str], line_break: str) -> None:
    parts = "\n".join(statements).split("@")
    text = parts[0] + "".join(f"{7_000 + number}{part}" for number, part in enumerate(parts[1:]))
    document = parsed(text)

    lines = lines_of(text.replace("\n", line_break))

    written = text.split("\n")
    for path, value in paths_in(document):
        assert 1 <= lines[path] <= len(written)
        assert not isinstance(value, int) or str(value) in written[lines[path] - 1]
    assert document is None or set(lines) == {path for path, _ in paths_in(document)}


def parsed(text: str) -> object:
    """Return the document; None where chance made none that is right, of which nothing is promised."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
