"""What somebody may have meant who wrote a name that nothing has."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

_ALIKE: Final = 0.6
"""How much of two words must agree, from 0 to 1, for one to be taken for the other."""

_CONSIDERED: Final = 5000
"""Names that are compared: of more than these, nobody waits for the answer."""


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Return the name that is most like a word, whatever its case; None where none is alike."""
    # Only mistakes pay for it.
    from difflib import get_close_matches  # noqa: PLC0415 - see above

    by_folded = {name.casefold(): name for name in islice(names, _CONSIDERED)}
    folded = word.casefold()
    found = get_close_matches(folded, by_folded, n=1, cutoff=_ALIKE)
    if found:
        return by_folded[found[0]]
    return next((name for key, name in by_folded.items() if folded and key.startswith(folded)), None)


def question(word: str, names: Iterable[str]) -> str:
    """Return ` Did you mean X?` for the name that is most like a word; empty where none is alike."""
    name = nearest(word, names)
    return "" if name is None else f" Did you mean {name}?"
