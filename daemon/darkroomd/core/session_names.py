"""What a session is called: an id for programs and a name for people, both made from its folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import Path
from typing import Final

from darkroomd.core.model import RootId, SessionId

LONGEST_SLUG: Final = 40
LONGEST_NAME: Final = 120
_NAMELESS: Final = "session"


def session_id(folder: Path) -> SessionId:
    """Return the id of the session in `folder` (absolute, links resolved): letters, digits, `_` and `-`.

    It is the same on every run; folders of one name in different places differ in their ids.
    """
    return SessionId(_id(folder, nameless=_NAMELESS))


def other_session_id(taken: SessionId, number: int) -> SessionId:
    """Return the id of a session whose own is taken; `number` is 2 or more.

    A session keeps its id when its folder is renamed, and a new folder may get the old name.
    """
    return SessionId(f"{taken}-{number}")


def root_id(folder: Path) -> RootId:
    """Return the id of the root `folder` (absolute, links resolved), made as `session_id` does."""
    return RootId(_id(folder, nameless="root"))


def session_name(folder: Path) -> str:
    """Return a session's name for people: its folder's, in its own script, on one line."""
    printable = "".join(
        character if _is_printable(character) else " "
        for character in unicodedata.normalize("NFC", folder.name)
    )
    return " ".join(printable.split())[:LONGEST_NAME].rstrip() or _NAMELESS


def _id(folder: Path, *, nameless: str) -> str:
    path = str(folder).encode("utf-8", "surrogateescape")
    return f"{_slug(folder.name) or nameless}-{hashlib.sha256(path).hexdigest()[:8]}"


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-")[:LONGEST_SLUG].rstrip("-")


def _is_printable(character: str) -> bool:
    # Cc: line feeds and escapes; Cf: turns the reading direction; Cs: bytes that are not UTF-8.
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
