"""Prints the manual page `man/darkroom.1` from the parser of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from darkroom.cli.arguments import command_line
from darkroom.cli.manual import page

PAGE: Final = Path(__file__).parents[1] / "man" / "darkroom.1"

if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(command_line()), encoding="utf-8")
