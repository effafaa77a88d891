"""What could not be developed, in all sessions, and what to do about it."""

import sys

from darkroom import Client, DarkroomError

try:
    with Client() as client:
        for session in client.list_sessions():
            for photo in client.list_photos(session.id, states=["failed"]):
                if photo.failure is not None:
                    print(photo.original.path, photo.failure.code, photo.failure.message, sep="\t")
except DarkroomError as error:
    sys.exit(error.message)
