"""Sessions archived from end to end, by the plan and onto the disk, with nothing of the daemon between."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from darkroomd.core.archive_names import UNKNOWN_FOLDER
from darkroomd.core.archive_plan import (
    ArchivePlan,
    ContentHashes,
    Entry,
    Source,
    folders_of,
    plan_archive,
)
from darkroomd.core.archive_sources import OutputName, kin_of, tails_of
from darkroomd.core.model import PhotoId, SessionId
from darkroomd.core.naming import stem_of
from darkroomd.files.archive import (
    archive_part,
    hash_sources,
    hash_standing,
    look_at,
    make_destination,
    open_archive_folder,
)
from darkroomd.files.archive_copy import CopyMethod, copy_verified
from darkroomd.files.manifests import read_manifest, write_manifest
from running import PATIENCE_SECONDS

SECOND = 1_777_626_487_000_000
SESSION = SessionId("party")
OUTPUTS = (OutputName("jpg", ".jpg"), OutputName("web", ".webp"))
ODD = (
    "IMG 1.NEF",
    "a\nb.NEF",
    "caf\udce9.NEF",
    "con.NEF",
    "-rf.NEF",
    "x" * 251 + ".NEF",
    "花嫁.CR3",
    "a\\b.NEF",
)


class Killed(Exception):
    """The work ends here."""


@dataclass
class Archiving:
    """Photos of one session on their way into an archive; `patience` is how many files may be copied."""

    session: Path
    destination: Path
    times: dict[str, int | None]
    copied: list[str] = field(default_factory=list[str])
    patience: int = 1_000_000

    def entries(self) -> list[Entry]:
        raw = self.session / "Raw"
        kin = kin_of(list(self.times), [path.name for path in raw.iterdir()])
        return [
            Entry(PhotoId(name), SESSION, name, taken_usec, self._sources(name, kin[name]))
            for name, taken_usec in self.times.items()
        ]

    def _sources(self, name: str, kin: Sequence[str]) -> tuple[Source, ...]:
        tails = tails_of(name, kin, OUTPUTS)
        paths = {self.session / "Raw" / one: tail for one, tail in tails.beside.items()}
        for output, tail in zip(OUTPUTS, tails.outputs, strict=True):
            paths[self.session / "Jpg" / (stem_of(name)[:200] + output.suffix)] = tail
        return tuple(Source(path, tail, path.stat().st_size) for path, tail in paths.items())

    def plan(self, entries: Sequence[Entry]) -> ArchivePlan:
        standing = look_at(self.destination, folders_of(entries))
        hashes = ContentHashes()
        for _ in range(2):
            plan = plan_archive(entries, standing, hashes)
            if isinstance(plan, ArchivePlan):
                return plan
            hashes = ContentHashes(hash_standing(self.destination, plan.standing), hash_sources(plan.sources))
        pytest.fail("the plan asked twice")

    def run(self) -> ArchivePlan:
        make_destination(self.destination)
        plan = self.plan(self.entries())
        additions: dict[bytes, str] = {}
        for place in plan.placements.values():
            with open_archive_folder(self.destination, place.folder, make=True):
                for placed in place.missing:
                    self._patiently(place.path_of(placed))
                    done = copy_verified(
                        placed.source.path,
                        target=self.destination / place.folder / placed.name,
                        part=archive_part(placed.name, 1),
                        method=CopyMethod.COPY,
                        expected_sha256=placed.source.sha256,
                        on_bytes=lambda _stage, _count: None,
                        canceled=lambda: False,
                    )
                    additions[os.fsencode(place.path_of(placed))] = done.sha256
            for placed in place.standing:
                additions[os.fsencode(place.path_of(placed))] = placed.source.sha256 or ""
        write_manifest(self.destination, SESSION, additions)
        return plan

    def _patiently(self, path: str) -> None:
        if self.patience == 0:
            raise Killed
        self.patience -= 1
        self.copied.append(path)

    def tree(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.destination)): path.read_bytes()
            for path in sorted(self.destination.rglob("*"))
            if path.is_file()
        }


def archiving(top: Path, times: dict[str, int | None]) -> Archiving:
    """Make a session of these photos, and return its archiving."""
    (top / "session" / "Raw").mkdir(parents=True)
    (top / "session" / "Jpg").mkdir()
    for name in times:
        (top / "session" / "Raw" / name).write_bytes(b"raw " + os.fsencode(name))
        if len(name) < 200:
            (top / "session" / "Raw" / f"{name}.rrdata").write_bytes(b"look")
        for output in OUTPUTS:
            path = top / "session" / "Jpg" / (stem_of(name)[:200] + output.suffix)
            path.write_bytes(os.fsencode(name) + output.suffix.encode())
    return Archiving(top / "session", top / "archive", times)


@pytest.fixture
def burst(tmp_path: Path) -> Archiving:
    return archiving(tmp_path, {f"IMG_{number}.NEF": SECOND + number // 2 for number in range(6)})


def test_a_session_with_the_oddest_names_is_archived_once(tmp_path: Path) -> None:
    odd = archiving(tmp_path, dict.fromkeys(ODD))
    odd.run()
    first = odd.tree()

    again = odd.run()

    assert again.bytes_needed == 0
    assert odd.tree() == first
    assert {*read_manifest(odd.destination, SESSION).sha256} == {
        os.fsencode(path) for path in {*first} - {"SHA256SUMS.party"}
    }
    assert sorted(path for path in first if path.endswith((".NEF", ".CR3")) and len(path) < 100) == [
        f"{UNKNOWN_FOLDER}/{name}"
        for name in ("IMG 1.NEF", "_con.NEF", "_rf.NEF", "a_b.NEF", "a_b_001.NEF", "caf_.NEF", "花嫁.CR3")
    ]


@pytest.mark.parametrize("patience", [0, 1, 3, 4, 5, 14, 23])
def test_an_archive_cut_short_after_any_file_goes_on_and_copies_nothing_twice(
    tmp_path: Path, burst: Archiving, patience: int
) -> None:
    whole = Archiving(burst.session, tmp_path / "whole", burst.times)
    whole.run()
    burst.patience = patience
    with pytest.raises(Killed):
        burst.run()

    burst.patience = 1_000_000
    burst.run()

    assert burst.tree() == whole.tree()
    assert sorted(burst.copied) == sorted(whole.copied)


def test_photos_that_join_a_burst_later_and_in_any_order_move_nobody(burst: Archiving) -> None:
    names = list(burst.times.items())
    random.Random(7).shuffle(names)  # noqa: S311 - an order, no secret
    before: dict[str, bytes] = {}

    for count in range(1, len(names) + 1):
        burst.times = dict(names[:count])
        burst.run()
        now = burst.tree()
        assert {path for path in before if now[path] != before[path]} <= {"SHA256SUMS.party"}
        before = now

    assert len(burst.copied) == len({*burst.copied}) == 24


def test_any_system_can_check_an_archive(burst: Archiving) -> None:
    program = shutil.which("sha256sum")
    if program is None:
        pytest.skip("sha256sum is not installed")
    burst.run()

    def checked() -> int:
        arguments = [program, "--check", "--strict", "--quiet", "SHA256SUMS.party"]
        return subprocess.run(
            arguments, cwd=burst.destination, check=False, capture_output=True, timeout=PATIENCE_SECONDS
        ).returncode

    assert checked() == 0
    (burst.destination / burst.copied[3]).write_bytes(b"damaged")
    assert checked() != 0
