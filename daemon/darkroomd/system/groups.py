"""Groups of users, as this machine knows them."""

from __future__ import annotations

import grp
from typing import Final

LARGEST_GID: Final = 2**32 - 2
"""The number above stands for "no group"."""


class GroupUnknown(Exception):
    """There is no group of that name, and it is no number."""


def gid_of(group: str) -> int:
    """Return the number of a group that is given by its name or its number.

    Raises:
        GroupUnknown: see there.
    """
    try:
        return grp.getgrnam(group).gr_gid
    except (KeyError, ValueError):
        # A container knows its groups by number alone. A NUL in the name is a ValueError.
        if group.isascii() and group.isdecimal() and int(group[:11]) <= LARGEST_GID:
            return int(group[:11])
    raise GroupUnknown(group)
