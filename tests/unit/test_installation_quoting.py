"""Paths in unit files mean what was meant, by the rules of `systemd.syntax(7)`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.installation.quoting import FolderNotForSystemd, command_line, folder_list

WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)', re.DOTALL)
ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|.)", re.DOTALL)
MEANT = {"n": b"\n", "t": b"\t", "r": b"\r", '"': b'"', "\\": b"\\"}

NAMES = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]) | st.sampled_from("\udc80\udcff"),
    min_size=1,
    max_size=30,
)


def words(line: str) -> Iterator[tuple[str, bool]]:
    """Return the words of a line, and whether each was quoted, as systemd takes it apart."""
    for found in WORD.finditer(line):
        quoted = found[1] is not None
        yield (found[1] if quoted else found[2]), quoted


def argument(word: str) -> bytes:
    """Return what a program is given for a word of `ExecStart=`."""
    parts = ESCAPE.split(word)
    plain = [part.replace("%%", "%").replace("$$", "$").encode() for part in parts[::2]]
    escaped = [bytes.fromhex(each[1:]) if each[0] == "x" else MEANT[each] for each in parts[1::2]]
    return b"".join(part for pair in zip(plain, [*escaped, b""], strict=True) for part in pair)


def folder(word: str) -> str:
    """Return the path that a word of `ReadWritePaths=` means."""
    return re.sub(r"\\(.)", r"\1", word).removeprefix("-").replace("%%", "%")


@given(st.lists(NAMES, max_size=4))
def test_a_program_is_given_the_arguments_that_were_meant_whatever_is_in_them(arguments: list[str]) -> None:
    line = command_line(["/usr/bin/darkroomd", *arguments])

    assert [argument(word) for word, _ in words(line)][1:] == [os.fsencode(each) for each in arguments]


@given(st.lists(NAMES, max_size=4))
def test_a_command_is_one_line_of_text_whatever_is_in_it(arguments: list[str]) -> None:
    line = command_line(["/usr/bin/darkroomd", *arguments])

    assert "\n" not in line
    assert line.encode()


@given(st.lists(NAMES, max_size=4))
def test_no_specifier_and_no_variable_is_replaced_in_an_argument(arguments: list[str]) -> None:
    line = command_line(["/usr/bin/darkroomd", *arguments])

    assert re.sub("%%", "", line).count("%") == 0
    assert re.sub(r"\$\$", "", line).count("$") == 0


@pytest.mark.parametrize(
    ("command", "line"),
    [
        pytest.param(["/usr/bin/darkroomd"], "/usr/bin/darkroomd", id="plain"),
        pytest.param(["/opt/a b/darkroomd"], '"/opt/a b/darkroomd"', id="space"),
        pytest.param(["/opt/50%/darkroomd"], "/opt/50%%/darkroomd", id="specifier"),
        pytest.param(["/opt/$HOME/darkroomd"], '"/opt/$HOME/darkroomd"', id="no-variables-in-programs"),
        pytest.param(["/opt/Müller/darkroomd"], '"/opt/Müller/darkroomd"', id="beyond-ascii"),
        pytest.param(["/bin/d", "--root", "/srv/$HOME"], '/bin/d --root "/srv/$$HOME"', id="variable"),
        pytest.param(["/bin/d", "/srv/\udcff"], r'/bin/d "/srv/\xff"', id="no-text"),
        pytest.param(["/bin/d", ""], '/bin/d ""', id="empty"),
        pytest.param(
            ["/o'brien/d", "--root", "/srv"],
            r"""/bin/sh -c "exec \"$$0\" \"$$@\"" "/o'brien/d" --root /srv""",
            id="program-with-a-quote",
        ),
        pytest.param(
            ["/\udcff/d"], r'/bin/sh -c "exec \"$$0\" \"$$@\"" "/\xff/d"', id="program-that-is-no-text"
        ),
    ],
)
def test_a_command_is_written_so_that_systemd_runs_it(command: list[str], line: str) -> None:
    assert command_line(command) == line


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30), max_size=4))
def test_a_list_of_folders_names_those_that_were_meant(names: list[str]) -> None:
    folders = [Path("/srv", f"{name}x") for name in names]

    line = folder_list(folders)

    assert [Path(folder(word)) for word, _ in words(line)] == folders


def test_a_colon_in_a_folder_is_quoted_as_it_would_separate_two() -> None:
    assert folder_list([Path("/srv/a:b"), Path("/srv/c")]) == '"-/srv/a:b" -/srv/c'


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("line\nbreak", id="line-break"),
        pytest.param("tab\t", id="tab"),
        pytest.param("\udcff", id="no-text"),
        pytest.param("\x7f", id="delete"),
    ],
)
def test_a_folder_that_systemd_cannot_be_told_of_is_refused_by_name(name: str) -> None:
    with pytest.raises(FolderNotForSystemd) as refusal:
        folder_list([Path("/srv", name)])

    assert refusal.value.context == {"path": f"/srv/{name}"}
    assert refusal.value.exit_status == 2
