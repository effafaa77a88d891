from __future__ import annotations

import pytest

from darkroom.cli.arguments import command_line
from darkroom.cli.manual import page
from print_manual import PAGE

TEXT = page(command_line())


def test_the_manual_page_is_what_the_parser_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == TEXT, "Run tests/print_manual.py."


def test_what_only_shells_ask_is_not_in_the_manual() -> None:
    assert "darkroom complete" not in TEXT.replace("\\-", "-")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(r"\fBdarkroom session rescan\fR \fISESSION\fR", id="action"),
        pytest.param(r"\fB\-\-older\-than\fR \fIDURATION\fR", id="option"),
        pytest.param(r"\-\- COMMAND...", id="command-within"),
        pytest.param(r"\fIJOB\fR...", id="several"),
    ],
)
def test_the_manual_has_every_form(words: str) -> None:
    assert words in TEXT


def test_no_line_of_text_is_taken_for_a_request_of_roff() -> None:
    requests = {line.split()[0] for line in TEXT.splitlines() if line.startswith((".", "'"))}

    assert requests <= {".TH", ".SH", ".SS", ".TP", ".B", ".I", ".BR", '.\\"'}
