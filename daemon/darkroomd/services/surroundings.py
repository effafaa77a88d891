"""What each session's intake needs of the rest of the daemon."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import anyio

from darkroomd.core.model import CorrelationId, Happening, SessionId
from darkroomd.core.output_plan import OutputPlan
from darkroomd.core.scan_pace import ScanPace
from darkroomd.core.stability import Patience
from darkroomd.services.disks import Disks
from darkroomd.services.presets import Presets
from darkroomd.store.store import Store

Result = TypeVar("Result")


class OnDisk(Protocol):
    """Does blocking work in a thread."""

    async def __call__(self, work: Callable[[], Result], /) -> Result:
        """Return what the work returns."""
        ...


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """How folders are observed; seconds on the monotonic clock.

    Attributes:
        patience: when files are complete.
        scan_seconds: between two full looks at a folder.
        poll_seconds: the same where no events come from.
        extensions: of RAW files, in lower case, without a dot.
        retry_seconds: before what the disk or the store refused is tried again.
        replace_unreadable: sidecars that cannot be read are kept aside and written anew.
    """

    patience: Patience
    scan_seconds: float
    poll_seconds: float
    extensions: Collection[str]
    retry_seconds: float = 5.0
    replace_unreadable: bool = True


# Not frozen: plan and options are other ones once the configuration was read again.
@dataclass(slots=True)
class Surroundings:
    """The parts that all sessions share.

    Attributes:
        plan, options: what is wanted, and how folders are observed; replaced as a whole.
        publish: tells watchers of what is never stored.
        on_document_dirty: has a session's public record rewritten.
        on_fault: is told why photos of a session cannot be taken in, or None once they can.
        now_usec: wall clock.
        new_correlation_id: makes one.
        presets: which of them is in force for a photo.
        disks: where blocking work is done: a share that hangs must not hold up anything else.
    """

    store: Store
    plan: OutputPlan
    options: IntakeOptions
    publish: Callable[[Happening], None]
    on_document_dirty: Callable[[SessionId], None]
    now_usec: Callable[[], int]
    new_correlation_id: Callable[[], CorrelationId]
    presets: Presets
    on_fault: Callable[[SessionId, str | None], None] = lambda _session, _fault: None
    disks: Disks = field(default_factory=Disks)

    def new_pace(self) -> ScanPace:
        """Return the rhythm of a folder that was not looked at yet."""
        return ScanPace(scan_seconds=self.options.scan_seconds, poll_seconds=self.options.poll_seconds)

    def set_pace(self, pace: ScanPace) -> None:
        """Give a folder's rhythm the times of the options."""
        pace.adopt(
            scan_seconds=self.options.scan_seconds,
            poll_seconds=self.options.poll_seconds,
            now=anyio.current_time(),
        )
