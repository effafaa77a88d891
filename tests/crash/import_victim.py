"""Take over exported states, and be killed just before an effect on the disk: see `effects.py`."""

from __future__ import annotations

from pathlib import Path

from crash.effects import be_victim
from darkroomd.services.state_import import import_state


def take_over(folder: Path) -> None:
    import_state(folder / "state", folder / "file", moves=[], replace=True, now_usec=1)


if __name__ == "__main__":
    be_victim(take_over)
