"""What a game of chance with the daemon came to: how much was played, and which promises it broke."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence


def tell(wrong: Sequence[str], *, done: Mapping[str, int], photos: int, seconds: float) -> int:
    """Write how often what was done, and each broken promise; return the exit status that says so."""
    sys.stdout.write(f"{photos} photos, {seconds:.0f} s\n")
    for name, count in sorted(done.items()):
        sys.stdout.write(f"  {name}: {count}\n")
    for line in wrong or ["All is well."]:
        sys.stdout.write(f"{line}\n")
    return 1 if wrong else 0
