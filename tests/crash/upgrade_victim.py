"""Open the database in a folder, and be killed with SIGKILL just before the n-th effect on the disk.

Usage: upgrade_victim.py FOLDER N; 0 kills never, and what has fewer effects is killed once it has it
open. The number of effects is left in FOLDER/effects.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from crash.victim import Executioner
from darkroomd.store.database import open_rescued

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    fatal = int(sys.argv[2])
    Executioner(folder, fatal=fatal).arm()
    database, _ = open_rescued(folder / "queue.db")
    if fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    database.close()
