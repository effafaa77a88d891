from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PIL import Image

from print_look import PAGES, drawings

PAGE = Path(__file__).parents[2] / "docs" / "look.md"


def test_the_pictures_of_the_page_are_what_the_look_draws() -> None:
    for name, drawn in drawings():
        with Image.open(PAGES / f"{name}.png") as kept:
            difference = np.abs(np.asarray(kept, dtype=np.int64) - drawn)

        assert difference.max() <= 1, name


def test_the_page_shows_every_picture_that_is_drawn_and_none_that_is_not_there() -> None:
    shown = set(re.findall(r"look/([a-z-]+)\.png", PAGE.read_text(encoding="utf-8")))

    assert {name for name, _ in drawings()} <= shown <= {path.stem for path in PAGES.glob("*.png")}
