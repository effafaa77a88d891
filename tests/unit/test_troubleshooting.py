"""docs/troubleshooting.md has an entry for every code, and for none that there is not."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from error_codes import TOP, error_codes

PAGE: Final = (TOP / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
ENTRY: Final = re.compile(r"^### `(?P<code>[^`]+)`\n(?P<text>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
ENTRIES: Final = {found["code"]: found["text"] for found in ENTRY.finditer(PAGE)}
CHECK: Final = re.compile(r'(?:Check|verdict)\("(?P<name>[a-z]+)"')
ROW: Final = re.compile(r"^\| `(?P<name>[a-z]+)` \|", re.MULTILINE)
CHECKS: Final = TOP / "daemon" / "darkroomd" / "core" / "checks"


def test_every_code_has_an_entry_that_says_what_to_do() -> None:
    missing = sorted(error_codes() - ENTRIES.keys())

    assert missing == []


def test_no_entry_is_about_a_code_that_there_is_not() -> None:
    dead = sorted(ENTRIES.keys() - error_codes())

    assert dead == []


def test_no_code_has_two_entries() -> None:
    counts = Counter(found["code"] for found in ENTRY.finditer(PAGE))

    assert [code for code, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("code", ENTRIES)
def test_an_entry_says_what_it_means_what_to_do_and_how_to_see_that_it_is_mended(code: str) -> None:
    means, do, mended = (part.strip() for part in re.split(r"\*\*Do:\*\*|\*\*Mended:\*\*", ENTRIES[code]))

    assert means.removesuffix("-").strip().endswith(".")
    assert do.removesuffix("-").strip().endswith(".")
    assert mended.endswith(".")


def test_every_check_of_the_health_report_is_described() -> None:
    named = {
        found["name"]
        for path in Path(CHECKS).glob("*.py")
        for found in CHECK.finditer(path.read_text(encoding="utf-8"))
    }

    assert set(ROW.findall(PAGE)) == named


@pytest.mark.parametrize("target", re.findall(r"\]\((?P<target>[^)]+)\)", PAGE))
def test_every_link_leads_somewhere(target: str) -> None:
    page, _, anchor = target.partition("#")
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    assert not page or (TOP / "docs" / page).is_file()
    assert not anchor or anchor in anchors
