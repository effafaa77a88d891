from __future__ import annotations

import pytest

from darkroomd.__main__ import command_line
from print_daemon_manual import PAGE, page

TEXT = page(command_line())


def test_the_manual_page_of_the_daemon_is_what_its_parser_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == TEXT, "Run tests/print_daemon_manual.py."


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(r"\fB\-\-root\fR \fIDIR\fR", id="option"),
        pytest.param(r"\fB\-\-log\-format\fR \fBjson\fR|\fBconsole\fR", id="choices"),
        pytest.param(r"\fBdarkroomd demo\fR", id="command"),
        pytest.param(r"\-\-print\-config", id="in-a-text"),
    ],
)
def test_the_manual_of_the_daemon_has_every_form(words: str) -> None:
    assert words in TEXT


def test_no_line_of_the_daemons_manual_is_taken_for_a_request_of_roff() -> None:
    requests = {line.split()[0] for line in TEXT.splitlines() if line.startswith((".", "'"))}

    assert requests <= {".TH", ".SH", ".TP", ".B", ".I", ".BR", ".IR", '.\\"'}
