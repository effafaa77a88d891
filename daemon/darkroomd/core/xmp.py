"""XMP files beside photos: whether their rating rejects the photo.

The documents are anybody's. The parser is expat, which reads UTF-8 and UTF-16; a document type, and with it
every entity of its own, is refused before anything is expanded.
"""

from __future__ import annotations

from typing import Final
from xml.parsers import expat

from darkroomd.core.intake import extension_of
from darkroomd.core.json_values import Broken
from darkroomd.core.naming import stem_of

XMP_SUFFIX: Final = ".xmp"

REJECTED: Final = -1.0
"""The value of `xmp:Rating` that means rejected."""

LARGEST_BYTES: Final = 8 << 20
"""An XMP file beyond this size (edits of masks are stored in them) is not read."""

DEEPEST: Final = 200
"""Elements within elements beyond this depth are no XMP."""

LONGEST_RATING: Final = 32
"""Characters of a rating; a number needs fewer."""

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DOCUMENT: Final = f"{_RDF} RDF"
_DESCRIPTION: Final = f"{_RDF} Description"
_RATING: Final = "http://ns.adobe.com/xap/1.0/ Rating"
_WRAPPERS: Final = frozenset(("adobe:ns:meta/ xmpmeta", "adobe:ns:meta/ xapmeta"))


def is_xmp(name: str) -> bool:
    """Whether a file name is that of an XMP file."""
    return extension_of(name) == "xmp"


def xmp_names(name: str) -> tuple[str, ...]:
    """Return the names of the XMP files that a photo `name` may have: `<stem>.xmp`, `<name>.xmp`."""
    stems = dict.fromkeys((stem_of(name), name))
    return tuple(stem + suffix for stem in stems for suffix in (XMP_SUFFIX, XMP_SUFFIX.upper()))


def is_rejecting(data: bytes) -> bool | Broken:
    """Return whether an XMP document rates its photo as rejected.

    The rating is a property of the document itself, as an attribute or an element, under any prefix; what is
    nested deeper belongs to other pictures.
    """
    reader = _Reader()
    try:
        reader.parse(data)
    except _Refusal as refusal:
        return Broken(str(refusal))
    except (expat.ExpatError, ValueError, LookupError) as error:
        return Broken(f"it is not XML ({error})")
    if not reader.is_document:
        return Broken("it is not XMP")
    return reader.rejects


class _Refusal(Exception):
    """The document is not one to read on."""


class _Reader:
    """Follows the elements of one document."""

    def __init__(self) -> None:
        self.is_document = False
        self.rejects = False
        self._path: list[str] = []
        self._text: str | None = None

    def parse(self, data: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_type
        parser.EntityDeclHandler = self._refuse_type
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._take
        parser.Parse(data, True)

    def _refuse_type(self, *_: object) -> None:
        raise _Refusal("it has a document type, which XMP never has")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) > DEEPEST:
            raise _Refusal("it is nested too deeply")
        place = self._place()
        self.is_document |= place == (_DOCUMENT,)
        if place == (_DOCUMENT, _DESCRIPTION):
            self._judge(attributes.get(_RATING, ""))
        self._text = "" if place == (_DOCUMENT, _DESCRIPTION, _RATING) else None

    def _take(self, text: str) -> None:
        if self._text is not None:
            self._text = (self._text + text)[: LONGEST_RATING + 1]

    def _end(self, _name: str) -> None:
        if self._text is not None:
            self._judge(self._text)
        self._text = None
        self._path.pop()

    def _place(self) -> tuple[str, ...]:
        """Return where the parser is, within the wrapper that most writers put around the document."""
        wrapped = bool(self._path) and self._path[0] in _WRAPPERS
        return tuple(self._path[wrapped:])

    def _judge(self, text: str) -> None:
        if len(text) > LONGEST_RATING:
            return
        try:
            self.rejects |= float(text) == REJECTED
        except ValueError:
            # Not a number: no rating.
            return
