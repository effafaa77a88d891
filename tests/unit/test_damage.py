from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from darkroomd.core.damage import Damage, damaged_names

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def test_a_damaged_database_is_named_for_the_time_and_never_twice_the_same() -> None:
    names = list(islice(damaged_names("queue.db", at=AT), 3))

    assert names == [
        "queue.db.damaged-20260304T050607Z",
        "queue.db.damaged-20260304T050607Z.2",
        "queue.db.damaged-20260304T050607Z.3",
    ]


def test_what_is_said_names_the_files_what_is_lost_and_what_is_left_to_do() -> None:
    damage = Damage(Path("/s/queue.db"), Path("/s/queue.db.damaged-1"), "page 3 is wrong")

    words = (
        "/s/queue.db",
        "/s/queue.db.damaged-1",
        "page 3 is wrong",
        "order",
        "pauses",
        "statistics",
        "added",
    )
    assert [word for word in words if word not in damage.message] == []
    assert damage.message.endswith(".")


def test_what_a_backup_was_good_for_is_said() -> None:
    backup = Path("/s/backups/queue-1.db")

    damage = Damage(Path("/s/queue.db"), Path("/s/queue.db.damaged-1"), "page 3 is wrong", backup)

    assert str(backup) in damage.message
    assert damage.message.endswith(".")
