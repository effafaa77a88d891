"""How long a start takes when everything is developed already, and whether anything is developed again.

Run by hand: python tests/bench/start.py [--sessions 500] [--photos 200] [--folder DIR]
The library consists of tiny files that a database knows as developed. The real daemon is started on it: from
its first instruction to `ready`, and until the last session was looked at.
"""

from __future__ import annotations

import sys
from pathlib import Path

# The standard library has modules of some names in this folder: it must not come first, nor at all.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

import argparse
import tempfile
import time
from dataclasses import replace

import anyio

from darkroomd.core.model import Arrival, CorrelationId, Inputs, Output, Past, PhotoState, SessionId
from darkroomd.core.naming import output_id, photo_id
from darkroomd.core.presets import BUILTIN_PRESETS, DEFAULT_PRESET_ID
from darkroomd.core.recipes import Recipe
from darkroomd.core.session_names import session_id, session_name
from darkroomd.files.documents import write_document
from darkroomd.files.fingerprint import fingerprint_of, stat_of
from darkroomd.files.sidecars import FrozenLook, freeze, sidecar_of
from darkroomd.imaging.version import pipeline_version
from darkroomd.store.restoring import Restored
from darkroomd.store.store import Store, open_store
from running import running

PATIENCE_SECONDS = 120.0
CORRELATION = CorrelationId("c")


def now_usec() -> int:
    return time.time_ns() // 1000


def write_photo(session: Path, name: str, sidecar: bytes) -> Path:
    raw = session / "Raw" / name
    raw.write_bytes(b"II*\0")
    place = sidecar_of(raw)
    assert place is not None
    place.write_bytes(sidecar)
    output = session / "Jpg" / f"{raw.stem}.jpg"
    output.write_bytes(b"\xff\xd8")
    return output


def facts_of(session: SessionId, raw: Path, path: Path, look: FrozenLook) -> tuple[Arrival, Output]:
    fingerprint, found = fingerprint_of(raw), stat_of(path)
    assert fingerprint is not None
    assert found is not None
    arrival = Arrival(
        session, raw.name, fingerprint, look.look, look.preset_id, (), (), CORRELATION, now_usec()
    )
    identity = photo_id(session, raw.name)
    inputs = Inputs(fingerprint, "raw", look.look, Recipe().digest, pipeline_version())
    output = Output(
        id=output_id(identity, "jpg"),
        photo_id=identity,
        recipe="jpg",
        path=path,
        media_type="image/jpeg",
        size_bytes=found.size_bytes,
        mtime_ns=found.mtime_ns,
        sha256="jpg",
        inputs=inputs,
        created_at_usec=now_usec(),
    )
    return arrival, output


async def add_session(store: Store, folder: Path, photos: int, sidecar: bytes, look: FrozenLook) -> None:
    for place in ("Raw", "Jpg"):
        (folder / place).mkdir(parents=True)
    session = session_id(folder)
    await store.add_session(folder, name=session_name(folder), session_id=session, now_usec=now_usec())
    facts: list[tuple[Arrival, Output]] = []
    for number in range(photos):
        name = f"IMG_{number:05}.NEF"
        path = write_photo(folder, name, sidecar)
        facts.append(facts_of(session, folder / "Raw" / name, path, look))

    adopted = [
        Restored(replace(arrival, past=Past(attempts=1)), PhotoState.DEVELOPED, (output,))
        for arrival, output in facts
    ]
    await store.restore(session, adopted, now_usec=now_usec())
    known = await store.known_photos(session)
    write_document(await store.session(session), tuple(known.values()))


async def make_library(folder: Path, root: Path, *, sessions: int, photos: int) -> None:
    (folder / "state").mkdir()
    template = folder / "template.NEF"
    preset = BUILTIN_PRESETS[DEFAULT_PRESET_ID]
    look = freeze(template, preset, applied_at_usec=now_usec(), correlation_id=CORRELATION)
    place = sidecar_of(template)
    assert place is not None
    async with open_store(folder / "state" / "queue.db", lambda _: None) as store:
        for number in range(sessions):
            await add_session(store, root / f"s{number:04}", photos, place.read_bytes(), look)


def start(folder: Path, root: Path, *, sessions: int) -> None:
    since = time.perf_counter()
    with running(folder, "--root", str(root), config="", ready=False) as daemon:
        found, again, ready = 0, 0, 0.0
        deadline = time.monotonic() + PATIENCE_SECONDS
        while found < sessions and (line := daemon.next_line(deadline)) is not None:
            event = line.get("event")
            found += event == "session_found"
            again += event in {"photo_detected", "item_started", "photo_queued"}
            if event == "ready":
                ready = time.perf_counter() - since
        looked = time.perf_counter() - since
        daemon.stop()
        print(
            f"ready {ready:.2f} s, {found} sessions looked at {looked:.2f} s, {again} photos taken up again"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sessions", type=int, default=500)
    parser.add_argument("--photos", type=int, default=200, help="in each session")
    parser.add_argument("--folder", type=Path, help="on the disk to be measured (default: the temporary one)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name).resolve()
        root = folder / "photos"
        anyio.run(lambda: make_library(folder, root, sessions=options.sessions, photos=options.photos))
        for _ in range(2):
            start(folder, root, sessions=options.sessions)


if __name__ == "__main__":
    main()
