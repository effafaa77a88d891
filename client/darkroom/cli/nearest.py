"""What somebody may have meant who wrote a name that nothing has."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

_ALIKE: Final = 0.6
"""How much of two words must agree, from 0 to 1, for one to be taken for the other."""

_CONSIDERED: Final = 5000
"""Names that are compared: of more than these, nobody waits for the answer."""


_AT_MOST: Final = 3
"""Names that are suggested."""


def nearest(word: str, names: Iterable[str]) -> list[str]:
    """Return the names that are most like a word, whatever its case, the nearest first."""
    # Only mistakes pay for it.
    from difflib import get_close_matches  # noqa: PLC0415 - see above

    by_folded = {name.casefold(): name for name in islice(names, _CONSIDERED)}
    folded = word.casefold()
    if folded in by_folded:
        return [by_folded[folded]]
    begun = [key for key in by_folded if folded and key.startswith(folded)]
    found = get_close_matches(folded, by_folded, n=_AT_MOST, cutoff=_ALIKE) or begun[:_AT_MOST]
    return [by_folded[key] for key in found]


def suggestion(word: str, names: Iterable[str]) -> str:
    """Return ` Did you mean X or Y?` for the names that are most like a word; empty where none is alike."""
    *others, last = nearest(word, names) or [""]
    return f" Did you mean {', '.join(others)}{' or ' if others else ''}{last}?" if last else ""
