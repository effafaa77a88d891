"""A line in each file that is installed, by which it is known again, and whether somebody has edited it."""

from __future__ import annotations

import hashlib
import re
from enum import Enum, auto
from typing import Final

_SAYS: Final = "Written by darkroomd install-service, which replaces it for as long as nobody edits it."
_MARK: Final = re.compile(
    rb"^(?:#|<!--) " + re.escape(_SAYS.encode()) + rb" sha256:(?P<digest>[0-9a-f]{64})(?: -->)?\n",
    re.MULTILINE,
)
_DECLARATION: Final = b"<?xml"


class Origin(Enum):
    """Whose a file is that stands where one of ours belongs."""

    OURS = auto()
    """We wrote it, and it is as it was."""
    EDITED = auto()
    """We wrote it, and somebody has changed it since."""
    FOREIGN = auto()
    """Somebody else wrote it."""


def marked(content: bytes) -> bytes:
    """Return a unit file or property list, of whole lines, with one that says who wrote it, and what."""
    digest = hashlib.sha256(content).hexdigest()
    if not content.startswith(_DECLARATION):
        return f"# {_SAYS} sha256:{digest}\n".encode() + content
    declaration, _, rest = content.partition(b"\n")
    return declaration + f"\n<!-- {_SAYS} sha256:{digest} -->\n".encode() + rest


def origin_of(content: bytes) -> Origin:
    """Return whose a file is by its content."""
    mark = _MARK.search(content)
    if mark is None:
        return Origin.FOREIGN
    rest = content[: mark.start()] + content[mark.end() :]
    is_ours = hashlib.sha256(rest).hexdigest().encode() == mark["digest"]
    return Origin.OURS if is_ours else Origin.EDITED
