"""Copies into an archive, as the tests of it make them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from darkroomd.files.archive import archive_part
from darkroomd.files.archive_copy import Copied, CopyMethod, CopyStage, copy_verified

FENCE = 7


def nothing_happens(stage: CopyStage, count: int) -> None:
    """Meet nothing while a file is copied."""
    del stage, count


@dataclass
class Copying:
    """A file on its way into an archive; `happens` is called wherever a stage goes on."""

    source: Path
    target: Path
    happens: Callable[[CopyStage, int], None] = nothing_happens
    bytes_by_stage: dict[CopyStage, int] = field(default_factory=dict[CopyStage, int])

    @property
    def part(self) -> Path:
        return self.target.with_name(archive_part(self.target.name, FENCE))

    def left(self) -> list[str]:
        return sorted(path.name for path in self.target.parent.iterdir())

    def run(
        self,
        method: CopyMethod = CopyMethod.COPY,
        *,
        expected: str | None = None,
        canceled: Callable[[], bool] = lambda: False,
    ) -> Copied:
        return copy_verified(
            self.source,
            target=self.target,
            part=self.part.name,
            method=method,
            expected_sha256=expected,
            on_bytes=self._on_bytes,
            canceled=canceled,
        )

    def _on_bytes(self, stage: CopyStage, count: int) -> None:
        self.bytes_by_stage[stage] = self.bytes_by_stage.get(stage, 0) + count
        self.happens(stage, count)


def copying(top: Path, content: bytes = b"content") -> Copying:
    """Return a copy that has yet to be made, from a session to an archive below `top`."""
    source = top / "session" / "Raw" / "IMG_1.NEF"
    target = top / "archive" / "2026" / "20260501_090807.NEF"
    for folder in (source.parent, target.parent):
        folder.mkdir(parents=True, exist_ok=True)
    source.write_bytes(content)
    return Copying(source, target)
