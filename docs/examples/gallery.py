"""Each new picture for a screen, and none left out, also when this program is restarted.

gallery.py FILE-TO-REMEMBER-THE-PLACE-IN
"""

import sys
from pathlib import Path

import anyio

from darkroom.aio import AsyncClient
from darkroom.client.paths import exact_path


def remembered(place: Path) -> str | None:
    """Return where to go on, if that is known."""
    return place.read_text() if place.exists() else None


def remember(place: Path, cursor: str | None) -> None:
    """Write down where to go on, whole or not at all."""
    fresh = place.with_name(f"{place.name}.new")
    fresh.write_text(cursor or "")
    fresh.replace(place)


async def show_all(place: Path) -> None:
    """Print the path of each picture as it comes."""
    cursor = remembered(place)
    async with AsyncClient() as client, client.watch(cursor=cursor, kinds=["photo.changed"]) as events:
        async for event in events:
            if event.kind == "reset":
                print("Too much has happened meanwhile: list the photos.", flush=True)
            if event.photo is not None and event.photo.state == "developed":
                for output in event.photo.outputs:
                    print(exact_path(output.file), flush=True)
            # After the picture was shown: one that is shown once more is better than one that never is.
            remember(place, events.cursor)


if __name__ == "__main__":
    anyio.run(show_all, Path(sys.argv[1]))
