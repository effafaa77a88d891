from __future__ import annotations

from pathlib import Path

import pytest

from make import raws
from print_base_curve import rows

PAGE = Path(__file__).parents[2] / "docs" / "look.md"
FOLDER = raws()


@pytest.mark.skipif(
    FOLDER is None, reason="no camera files: set DARKROOM_RAWS or put them into ../shared/raws"
)
def test_the_page_lays_the_neutral_look_beside_what_a_camera_does() -> None:
    assert FOLDER is not None

    printed = "\n".join(rows(FOLDER))

    assert printed in PAGE.read_text(encoding="utf-8"), "Run tests/print_base_curve.py."
