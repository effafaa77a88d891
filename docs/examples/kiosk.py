"""What a photo booth does for a guest: choose the look, hand over the shot, show the picture.

kiosk.py SESSION PRESET SHOT
"""

import shutil
import sys
from pathlib import Path

from darkroom import Client, DarkroomError
from darkroom.client.paths import exact_path
from darkroom.errors import DevelopmentFailed, TimedOut


def picture_of(client: Client, session_folder: Path, preset: str, shot: Path) -> str:
    """Have a shot developed with a preset, and return the path of the JPEG."""
    # A session that is known already stays as it is; its preset is for the photos that come.
    session = client.add_session(session_folder).session
    client.set_session_preset(session.id, preset)

    raw = session_folder / "Raw" / shot.name
    copied = raw.with_name(f".{shot.name}.part")
    shutil.copyfile(shot, copied)
    # Under its own name the file is whole from the first moment on, and is taken at once.
    copied.replace(raw)

    photo = client.wait_until_developed(raw, timeout_usec=60_000_000)
    return exact_path(photo.outputs[0].file)


def main(session: str, preset: str, shot: str) -> str:
    """Return the line to show."""
    try:
        with Client() as client:
            return picture_of(client, Path(session).absolute(), preset, Path(shot))
    except DevelopmentFailed as error:
        return f"Please try another shot: {error.message}"
    except TimedOut:
        return "Your picture takes a little longer; it will be on the wall."
    except DarkroomError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
