"""What is being worked on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import anyio

from darkroom.protocol.types import Failure
from darkroomd.core.model import Claim, ItemId


@dataclass(frozen=True, slots=True)
class Work:
    """What is being worked on."""

    item_id: ItemId
    stage: str | None
    percent: int


class Hand:
    """An item that is being worked on, and the means to stop it."""

    def __init__(self, claim: Claim) -> None:
        self.claim: Final = claim
        self.scope: Final = anyio.CancelScope()
        self.canceled_by: Failure | None = None
        self.over: Final = anyio.Event()
