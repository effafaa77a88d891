"""Standard input, output and error, of which whoever starts a program may leave out any."""

from __future__ import annotations

import os
import sys
from typing import Final

_STREAMS: Final = {"stdin": "r", "stdout": "w", "stderr": "w"}
"""By number, from 0 on."""


def complete_streams() -> None:
    """Have the null device wherever one is missing, for this process and its children.

    To be called before anything is opened: a database or socket that got such a number would be written to
    by whoever complains.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < len(_STREAMS):
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for number, (name, mode) in enumerate(_STREAMS.items()):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, errors="backslashreplace", closefd=False))
