"""What a session is called: an id for programs and a name for people, both made from its folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import Path
from typing import Final

from darkroomd.core.model import SessionId

LONGEST_SLUG: Final = 40
LONGEST_NAME: Final = 120
_NAMELESS: Final = "session"


def session_id(folder: Path) -> SessionId:
    """Return the id of the session in `folder` (absolute, links resolved): letters, digits, `_` and `-`.

    It is the same on every run; folders of one name in different places differ in their ids.
    """
    path = str(folder).encode("utf-8", "surrogateescape")
    return SessionId(f"{_slug(folder.name) or _NAMELESS}-{hashlib.sha256(path).hexdigest()[:8]}")


def session_name(folder: Path) -> str:
    """Return a session's name for people: its folder's, in its own script, on one line."""
    printable = "".join(
        character if _is_printable(character) else " "
        for character in unicodedata.normalize("NFC", folder.name)
    )
    return " ".join(printable.split())[:LONGEST_NAME].rstrip() or _NAMELESS


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-")[:LONGEST_SLUG].rstrip("-")


def _is_printable(character: str) -> bool:
    # Cc: line feeds and escapes; Cf: turns the reading direction; Cs: bytes that are not UTF-8.
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
