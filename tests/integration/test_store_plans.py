"""How SQLite finds what each statement asks for: the more there is, the more it matters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from darkroomd.store.database import Database, log_pages, open_database
from darkroomd.store.statements import load_statements

HOT: Final = {
    "append_fact": None,
    "archive_items_open": "item_of_job",
    "archive_of_job": "archive USING INTEGER PRIMARY KEY",
    "archive_photos": "item_of_job",
    "archived_by_done": "item_of_job",
    "archived_elsewhere": "item_live",
    "archives_begun": "archive_begun",
    "archives_unswept": "archive_unswept",
    "begin_item": "item USING INTEGER PRIMARY KEY",
    "claim_item": "item_ready",
    "count_waiting_between": "job_waiting",
    "delete_displaced_outputs": "output_by_path",
    "end_item": "item USING INTEGER PRIMARY KEY",
    "export_candidates": "photo_of_session",
    "failures_since": "item_failed_by_time",
    "facts_after": "journal USING INTEGER PRIMARY KEY",
    "forget_facts": "journal USING INTEGER PRIMARY KEY",
    "inputs_of_photo": "sqlite_autoindex_photo_1",
    "insert_archive_item": None,
    "insert_item": "sqlite_autoindex_photo_1",
    "insert_log_line": None,
    "insert_photo": "item_of_photo",
    "insert_sample": None,
    "item_by_id": "item USING INTEGER PRIMARY KEY",
    "items_page": "item_of_job",
    "items_page_apart": "item_apart",
    "live_shares": "job_live",
    "job_by_id": "job USING INTEGER PRIMARY KEY",
    "job_ended": "job USING INTEGER PRIMARY KEY",
    "job_first_failure": "job USING INTEGER PRIMARY KEY",
    "job_started": "job USING INTEGER PRIMARY KEY",
    "job_waits_again": "job USING INTEGER PRIMARY KEY",
    "jobs_page": "job USING INTEGER PRIMARY KEY",
    "jobs_page_busy": "job_busy",
    "jobs_page_canceled": "job_canceled",
    "jobs_page_completed": "job_completed",
    "jobs_page_failed": "job_failed",
    "jobs_page_live": "job_live",
    "jobs_page_of_creator": "job_by_creator",
    "jobs_page_of_creator_uid": "job_by_creator_uid",
    "jobs_page_of_kind": "job_by_kind",
    "jobs_page_of_session": "job_of_session",
    "last_turn_given": "lane USING PRIMARY KEY",
    "live_item_of_photo": "item_live",
    "live_work_of_photos": "item_live",
    "log_lines_of_item": "log_line_of_item",
    "log_lines_of_job": "log_line_of_job",
    "log_lines_of_story": "log_line_of_story",
    "mark_listed": "archived_file USING PRIMARY KEY",
    "newest_fact": "SEARCH journal",
    "next_in_line": "item_ready",
    "next_retry": "item_retry",
    "note_claim": "counter USING PRIMARY KEY",
    "note_intact": "item USING INTEGER PRIMARY KEY",
    "note_turn_given": None,
    "open_exports": "export_open",
    "output_at": "output_by_path",
    "output_by_id": "sqlite_autoindex_output_1",
    "outputs_of_photo": "sqlite_autoindex_output_2",
    "outputs_of_photos": "sqlite_autoindex_output_2",
    "photo_by_id": "sqlite_autoindex_photo_1",
    "photo_by_name": "sqlite_autoindex_photo_2",
    "photo_developed": "sqlite_autoindex_photo_1",
    "photo_failed": "sqlite_autoindex_photo_1",
    "photo_put_back": "sqlite_autoindex_photo_1",
    "photo_started": "sqlite_autoindex_photo_1",
    "photos_after": "photo USING INTEGER PRIMARY KEY",
    "photos_by_id": "sqlite_autoindex_photo_1",
    "photos_page": "photo_of_session",
    "photos_page_apart": "photo_apart",
    "preset_of_photo": "sqlite_autoindex_photo_2",
    "promote_item": "item USING INTEGER PRIMARY KEY",
    "put_archived_file": None,
    "put_back_item": "item USING INTEGER PRIMARY KEY",
    "put_output": None,
    "ready_retries": "item_retry",
    "ready_item": "item_ready",
    "record_intent": "item USING INTEGER PRIMARY KEY",
    "replace_photo_inputs": "sqlite_autoindex_photo_1",
    "retries": "item_retry",
    "running_item_of_job": "item_running",
    "running_items": "item_running",
    "samples_between": "sample_by_time",
    "served_turn": "counter USING PRIMARY KEY",
    "session_by_folder": "sqlite_autoindex_session_2",
    "session_by_id": "sqlite_autoindex_session_1",
    "sessions_page": "sqlite_autoindex_session_1",
    "sessions_unlisted": "archived_unlisted",
    "settled_photos": "item_of_job",
    "skip_along": "item_of_job",
    "some_archived_files": "item_of_job",
    "unlisted_files": "item_of_job",
    "waiting_jobs_page": "job_waiting",
    "waiting_with": "item_of_job",
    "was_developed": "sqlite_autoindex_output_2",
}
"""What runs for each photo, or answers a client, and what its plan names; None where it only inserts."""

COLD: Final = frozenset(
    [
        "added_sessions",
        "any_item_of_job",
        "archive_candidates",
        "begin_bulk",
        "bound_retries",
        "cancel_job",
        "cancel_queued_item",
        "cancel_queued_items",
        "clearable_jobs",
        "complete_archive",
        "correct_photo",
        "count_archive_items",
        "count_death",
        "count_items",
        "count_items_left",
        "count_photos",
        "count_queued",
        "count_sizes",
        "delete_items",
        "delete_items_of_session",
        "delete_job",
        "delete_jobs_of_session",
        "delete_lanes_of_session",
        "delete_outputs_of_session",
        "delete_photos_of_session",
        "delete_root",
        "delete_session",
        "delete_setting",
        "developed_outputs",
        "discard_photo",
        "displace_root",
        "displace_session",
        "end_bulk",
        "failure_of_canceled",
        "forget_asked",
        "forget_asked_job",
        "forget_dead_fences",
        "forget_folder",
        "forget_nowhere",
        "forget_photo_facts",
        "forgotten",
        "has_roots",
        "hold_items",
        "insert_archive",
        "insert_job",
        "insert_root",
        "insert_session",
        "job_asked_for",
        "job_superseded",
        "job_to_cancel",
        "jobs_of_session",
        "last_turn",
        "last_waiting_job",
        "live_jobs_of_session",
        "make_room_among_items",
        "make_room_among_jobs",
        "mark_added",
        "move_outputs",
        "move_session",
        "newest_fact_time",
        "newest_item",
        "newest_photo",
        "newest_samples",
        "note_asked",
        "note_dead_fence",
        "note_failed_before",
        "note_rejected",
        "note_wish",
        "oldest_ended_job",
        "oldest_fact",
        "open_backfill",
        "pause_job",
        "photo_aged",
        "photo_names",
        "photo_queued_again",
        "photo_renewed",
        "photo_restored",
        "photo_totals",
        "photos_ahead",
        "photos_of_session",
        "photos_of_session_by_id",
        "place_archive",
        "place_items",
        "place_job",
        "place_revived_item",
        "place_root",
        "place_session",
        "places_of_archives",
        "places_of_sessions",
        "prune_facts",
        "prune_first_samples",
        "prune_items",
        "prune_log_lines",
        "prune_old_samples",
        "put_setting",
        "queue_totals",
        "queued_items_of_photo",
        "refresh_fingerprint",
        "refresh_output_inputs",
        "remember_folder",
        "reorder_items",
        "restyle_photo",
        "revivable_items",
        "revive_items",
        "revive_job",
        "roots",
        "salvage_forgotten",
        "salvage_numbers",
        "salvage_roots",
        "salvage_samples",
        "salvage_sessions",
        "session_identity",
        "session_sums",
        "sessions_at_inode",
        "sessions_there",
        "set_photo_state",
        "set_session_identity",
        "set_session_preset",
        "setting",
        "sit_out",
        "skip_queued_item",
        "spare_items",
        "stopped_before",
        "supersede_item",
        "suspects",
    ]
)
"""What runs once a start, an hour or a person's wish, or reads tables of a few rows, such as sessions."""

WALK: Final = re.compile(r"SCAN (item|job|photo|output|journal|log_line|sample)( |$)(?!USING)", re.MULTILINE)
"""The step of a plan that reads a whole table."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database(tmp_path_factory.mktemp("plans") / "queue.db")
    yield database
    database.close()


def plan_of(database: Database, statement: str) -> str:
    names = re.findall(r":(\w+)", load_statements()[statement])
    return database.explain(statement, **dict.fromkeys(names, 1))


@pytest.mark.parametrize("statement", sorted(HOT))
def test_a_hot_statement_uses_its_index(database: Database, statement: str) -> None:
    plan = plan_of(database, statement)

    assert (HOT[statement] or "") in plan
    assert not re.search(
        r"SCAN (item|job|photo|output|journal|log_line|sample)( |$)(?!USING)", plan, re.MULTILINE
    )


def test_every_statement_is_known_as_hot_or_cold() -> None:
    assert set(load_statements()) == HOT.keys() | COLD
    assert HOT.keys().isdisjoint(COLD)


@pytest.mark.parametrize(
    ("free_bytes", "pages"),
    [
        pytest.param(0, 250, id="a-full-disk"),
        pytest.param(4 << 20, 250, id="a-few-megabytes"),
        pytest.param(1 << 30, 1024, id="a-gigabyte"),
        pytest.param(1 << 40, 2000, id="a-terabyte"),
    ],
)
def test_the_log_is_longer_where_there_is_space(free_bytes: int, pages: int) -> None:
    assert log_pages(free_bytes) == pages


def test_the_log_of_a_roomy_disk_is_folded_in_at_its_bound(tmp_path: Path) -> None:
    database = open_database(tmp_path / "queue.db")

    bound = database._connection.execute("PRAGMA wal_autocheckpoint").fetchone()[0]
    database.close()

    assert 250 <= bound <= 2000
