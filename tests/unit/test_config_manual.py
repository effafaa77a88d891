from __future__ import annotations

import pytest

from print_config_manual import PAGE, page

TEXT = page()


def test_the_manual_page_of_the_configuration_is_what_its_types_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == TEXT, "Run tests/print_config_manual.py."


@pytest.mark.parametrize(
    "words",
    [
        pytest.param('.SH "[intake]"\nHow photos are found', id="table"),
        pytest.param('.SH "[[recipe]]"', id="tables"),
        pytest.param('.SH "[recipe.overlay]"', id="table-in-a-table"),
        pytest.param(r"\fBquiet_seconds\fR = 0.5", id="default"),
        pytest.param("\\fBlong_edge\\fR\n", id="no-default"),
    ],
)
def test_the_manual_of_the_configuration_has_every_form(words: str) -> None:
    assert words in TEXT


def test_no_line_of_the_configurations_manual_is_taken_for_a_request_of_roff() -> None:
    requests = {line.split()[0] for line in TEXT.splitlines() if line.startswith((".", "'"))}

    assert requests <= {".TH", ".SH", ".TP", ".B", ".I", ".BR", ".br", '.\\"'}
