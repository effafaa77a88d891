"""The sessions and how far they are, with the varlink package of PyPI."""

import os

import varlink

FOLDER = os.environ.get("XDG_RUNTIME_DIR") or "/run"
SOCKET = os.environ.get("DARKROOM_SOCKET") or f"{FOLDER}/darkroomd/darkroomd.sock"

with varlink.Client(f"unix:{SOCKET}") as client, client.open("io.darkroomd.Darkroom") as darkroom:
    for page in darkroom.ListSessions(_more=True):
        for session in page["sessions"]:
            print(f"{session['name']}: {session['developedCount']} of {session['photoCount']}")
