"""The sessions and how far they are, with the varlink package of PyPI."""

import os

import varlink

ADDRESS = "unix:" + os.environ.get("DARKROOM_SOCKET", "/run/darkroomd/darkroomd.sock")

with varlink.Client(ADDRESS) as client, client.open("io.darkroomd.Darkroom") as darkroom:
    for page in darkroom.ListSessions(_more=True):
        for session in page["sessions"]:
            print(f"{session['name']}: {session['developedCount']} of {session['photoCount']}")
