"""Databases as every earlier darkroomd left them, with rows of every kind, and what stands in them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from darkroomd.store.statements import load_migrations

FAILURE = '{"code":"raw.truncated","message":"It is cut off.","transient":false,"context":{"at":3}}'
INTENT = '{"x":1}'

DATA = {
    1: f"""
UPDATE counter SET value = 7 WHERE name = 'fence';

INSERT INTO session (id, folder, name, preset_id, created_at_usec, changed_at_usec) VALUES
    ('one', CAST('/p/one' AS BLOB), 'one', 'neutral', 1, 1),
    ('two', X'2F70FF0A', 'p?', NULL, 2, 2),
    ('none', CAST('/p/none' AS BLOB), 'none', NULL, 3, 3);

INSERT INTO photo (
    seq, id, session_id, name, fingerprint, look, preset_id, state, discarded_by, captured_at_usec,
    corrected_at_usec, unsupported, warnings, camera, attempts, last_attempt_at_usec, failure,
    correlation_id, arrived_at_usec, changed_at_usec
) VALUES
    (1, 'p1', 'one', CAST('1.NEF' AS BLOB), '18446744073709551615:1:9:5:6', 'l', 'neutral', 'developed',
     'user', 5, 6, '["clarity"]', '["odd"]', 'Nikon Z 6', 1, 9, NULL, 'c1', 10, 11),
    (2, 'p2', 'one', X'FF2E4E4546', '1:2:9:5:6', 'l', NULL, 'waiting', NULL, NULL, NULL, '[]', '[]', '', 0,
     NULL, NULL, 'c2', 10, 11),
    (3, 'p3', 'one', CAST('3.NEF' AS BLOB), '1:3:9:5:6', 'l', NULL, 'developing', NULL, NULL, NULL, '[]',
     '[]', '', 1, 9, NULL, 'c3', 10, 11),
    (4, 'p4', 'one', CAST('4.NEF' AS BLOB), '1:4:9:5:6', 'l', NULL, 'outdated', NULL, NULL, NULL, '[]',
     '[]', '', 1, 9, NULL, 'c4', 10, 11),
    (5, 'p5', 'two', CAST('5.NEF' AS BLOB), '1:5:9:5:6', 'l', NULL, 'failed', NULL, NULL, NULL, '[]', '[]',
     '', 3, 9, '{FAILURE}', 'c5', 10, 11),
    (6, 'p6', 'two', CAST('6.NEF' AS BLOB), '1:6:9:5:6', 'l', NULL, 'missing', NULL, NULL, NULL, '[]', '[]',
     '', 0, NULL, NULL, 'c6', 10, 11),
    (7, 'p7', 'two', CAST('7.NEF' AS BLOB), '1:7:9:5:6', 'l', NULL, 'waiting', NULL, NULL, NULL, '[]', '[]',
     '', 1, 9, '{FAILURE}', 'c7', 10, 11),
    (8, 'p8', 'two', CAST('8.NEF' AS BLOB), '1:8:9:5:6', 'l', NULL, 'arriving', NULL, NULL, NULL, '[]',
     '[]', '', 0, NULL, NULL, 'c8', 10, 11);

INSERT INTO output (
    id, photo_id, recipe, path, media_type, size_bytes, mtime_ns, sha256, raw_fingerprint, raw_sha256, look,
    recipe_digest, pipeline, created_at_usec
) VALUES
    ('o1', 'p1', 'jpg', CAST('/p/one/Jpg/1.jpg' AS BLOB), 'image/jpeg', 5, 6, 'ab', '1:1:9:5:6', 'cd', 'l',
     'r', 'p', 7),
    ('o4', 'p4', 'jpg', CAST('/p/one/Jpg/4.jpg' AS BLOB), 'image/jpeg', 5, 6, 'ab', '1:4:9:5:6', 'cd', 'l',
     'r', 'p', 7);

INSERT INTO job (
    id, kind, priority, session_id, label, creator, creator_uid, correlation_id, failure, created_at_usec,
    started_at_usec, ended_at_usec
) VALUES
    (1, 'develop', 1, 'one', '1.NEF', NULL, NULL, 'c1', NULL, 1, 2, 3),
    (2, 'develop', 1, 'two', '5.NEF', 'kiosk', 1000, 'c5', '{FAILURE}', 1, 2, 4),
    (3, 'develop', 1, 'two', '6.NEF', NULL, NULL, 'c6', NULL, 1, NULL, 5),
    (4, 'backfill', 2, 'one', 'one', NULL, NULL, 'b4', NULL, 1, 2, NULL),
    (5, 'develop', 1, 'two', '7.NEF', NULL, NULL, 'c7', NULL, 1, NULL, NULL),
    (6, 'export', 0, 'two', '8.NEF', 'kiosk', 1000, 'c8', NULL, 1, NULL, NULL),
    (9, 'archive', 1, NULL, 'all', NULL, 0, 'c9', NULL, 1, 2, 3);

INSERT INTO item (
    id, job_id, photo_id, recipe, state, priority, attempt, fence, boot, retry_at_usec, failure, intent,
    correlation_id, started_at_usec, ended_at_usec
) VALUES
    (1, 1, 'p1', 'jpg', 'completed', 1, 1, 5, 'boot', NULL, NULL, NULL, 'c1', 2, 3),
    (2, 2, 'p5', 'jpg', 'failed', 1, 3, 6, 'boot', NULL, '{FAILURE}', NULL, 'c5', 2, 4),
    (3, 3, 'p6', 'jpg', 'canceled', 1, 0, NULL, NULL, NULL, '{FAILURE}', NULL, 'c6', NULL, 5),
    (4, 4, 'p1', 'web', 'skipped', 2, 0, NULL, NULL, NULL, NULL, NULL, 'c1', NULL, 5),
    (5, 4, 'p2', 'jpg', 'queued', 2, 0, NULL, NULL, NULL, NULL, NULL, 'c2', NULL, NULL),
    (6, 4, 'p3', 'jpg', 'running', 2, 1, 7, 'boot', NULL, NULL, '{INTENT}', 'c3', 2, NULL),
    (7, 4, 'p4', 'jpg', 'queued', 2, 1, NULL, NULL, 99, '{FAILURE}', NULL, 'c4', NULL, NULL),
    (8, 5, 'p7', 'jpg', 'queued', 1, 1, NULL, NULL, NULL, '{FAILURE}', NULL, 'c7', NULL, NULL),
    (12, 6, 'p8', 'jpg', 'queued', 0, 0, NULL, NULL, NULL, NULL, NULL, 'c8', NULL, NULL);
""",  # noqa: S608 - literals
    2: """
INSERT INTO setting (name, value) VALUES
    ('queue.pause', '{"reason":"lunch","until_usec":null}'), ('database.identity', '"1234"');
INSERT INTO job (
    id, kind, priority, session_id, label, correlation_id, created_at_usec, turn, paused, reasons
) VALUES (20, 'develop', 1, 'one', 'held', 'c20', 1, 40, 1, '["job.paused"]');
INSERT INTO item (
    id, job_id, photo_id, recipe, state, priority, correlation_id, session_id, turn, held
) VALUES (20, 20, 'p1', 'print', 'queued', 1, 'c20', 'one', 40, 1);
UPDATE lane SET turn = 40 WHERE session_id = 'one';
INSERT INTO journal (sequence, at_usec, kind, photo_id, body) VALUES
    (11, 5, 'photo.changed', 'p1', NULL),
    (12, 6, 'queue.changed', NULL, '{"kind":"queue.changed","at_usec":6}');
INSERT INTO sample (
    ended_at_usec, session_id, preset_id, camera, failed, bytes_read, bytes_written, busy_usec, latency_usec
) VALUES (50, 'one', 'neutral', 'Nikon Z 6', 0, 100, 10, 5, 7), (60, 'two', NULL, '', 1, 100, 0, 5, 7);
INSERT INTO log_line (at_usec, level, event, correlation_id, job_id, item_id, fields)
VALUES (50, 20, 'item_developed', 'c1', 1, 1, '{"seconds":1}');
""",
    3: """
UPDATE photo SET pixels = 24000000 WHERE id = 'p1';
INSERT INTO job (id, kind, priority, session_id, label, correlation_id, created_at_usec, turn)
VALUES (30, 'export', 0, 'one', 'sized', 'c30', 1, 41);
INSERT INTO item (
    id, job_id, photo_id, recipe, state, priority, correlation_id, session_id, turn, pixels
) VALUES (30, 30, 'p1', 'large', 'queued', 0, 'c30', 'one', 41, 24000000);
""",
    4: "UPDATE item SET deaths = 1 WHERE id = 8;",
    7: """
INSERT INTO root (id, folder, created_at_usec) VALUES ('r', CAST('/p' AS BLOB), 5), ('odd', X'2F72FF', 6);
INSERT INTO forgotten (folder, identity) VALUES (CAST('/p/old' AS BLOB), '1:18446744073709551615'),
    (X'2F70FF0B', NULL);
UPDATE session SET added = 1, identity = '1:7', inode = '7' WHERE id = 'one';
INSERT INTO asked (uid, key, job_id, items, at_usec) VALUES (1000, 'print all', 30, 1, 7);
""",
    8: "UPDATE photo SET rejected = 1 WHERE id = 'p6';",
    12: """UPDATE photo SET zone_minutes = 120, left_out = '["haze"]' WHERE id = 'p1';""",
    13: """
INSERT INTO archive (job_id, destination, contents, partial, dead_fences, complete)
VALUES (9, X'2F61FF', 'both', 1, '[3]', 1);
INSERT INTO item (
    id, job_id, photo_id, recipe, state, priority, correlation_id, session_id, started_at_usec, ended_at_usec
) VALUES (40, 9, 'p1', 'archive', 'completed', 1, 'c9', 'one', 2, 3);
INSERT INTO archived_file (item_id, path, sha256, listed) VALUES (40, X'32303236FF', 'ab', 1);
""",
    14: """
UPDATE job SET recipes = '["large"]', forced = 1 WHERE id = 30;
UPDATE item SET failed_before = 1, intact = 1 WHERE id = 30;
""",
}
"""What is in use once the schema of that number is there: rows of every kind, in every state."""


def make_database(path: Path, version: int) -> None:
    """Make a database as the darkroomd of that schema left it, with what those before it had left."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for number, script in enumerate(load_migrations()[:version], start=1):
            database.executescript(
                f"BEGIN;{script};PRAGMA user_version = {number};{DATA.get(number, '')};COMMIT"
            )


def rows_of(path: Path) -> dict[str, list[dict[str, object]]]:
    """Return all rows of all tables; how the journal is numbered is its own business."""
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        database.execute("DELETE FROM sqlite_sequence WHERE name = 'journal'")
        return {
            table["name"]: [dict(row) for row in database.execute(f"SELECT * FROM {table['name']}")]  # noqa: S608 - of the schema
            for table in tables
        }


def schema_of(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        ).fetchall()


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        return int(version)
