-- Sessions, photos, outputs, jobs and items. Fingerprints are text ("device:inode:size:mtime:ctime"):
-- inode numbers of some file systems need all 64 bits, and SQLite's integers are signed.

CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counter (name, value) VALUES ('fence', 0);

CREATE TABLE session (
    id TEXT PRIMARY KEY,
    folder BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    preset_id TEXT,
    photos INTEGER NOT NULL DEFAULT 0,
    developed INTEGER NOT NULL DEFAULT 0,
    pending INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    discarded INTEGER NOT NULL DEFAULT 0,
    created_at_usec INTEGER NOT NULL,
    changed_at_usec INTEGER NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE photo (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL REFERENCES session (id),
    name BLOB NOT NULL,
    fingerprint TEXT NOT NULL,
    look TEXT NOT NULL,
    preset_id TEXT,
    state TEXT NOT NULL CHECK (
        state IN ('arriving', 'waiting', 'developing', 'developed', 'outdated', 'failed', 'missing')
    ),
    discarded_by TEXT,
    captured_at_usec INTEGER,
    corrected_at_usec INTEGER,
    unsupported TEXT NOT NULL,
    warnings TEXT NOT NULL,
    camera TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    last_attempt_at_usec INTEGER,
    failure TEXT,
    correlation_id TEXT NOT NULL,
    arrived_at_usec INTEGER NOT NULL,
    changed_at_usec INTEGER NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    UNIQUE (session_id, name)
) STRICT;

CREATE INDEX photo_of_session ON photo (session_id, seq);
CREATE INDEX photo_by_state ON photo (session_id, state, seq);

CREATE TABLE output (
    id TEXT PRIMARY KEY,
    photo_id TEXT NOT NULL REFERENCES photo (id),
    recipe TEXT NOT NULL,
    path BLOB NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    raw_fingerprint TEXT NOT NULL,
    raw_sha256 TEXT NOT NULL,
    look TEXT NOT NULL,
    recipe_digest TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    created_at_usec INTEGER NOT NULL,
    UNIQUE (photo_id, recipe)
) STRICT;

CREATE INDEX output_by_path ON output (path);

CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('develop', 'backfill', 'export', 'archive')),
    priority INTEGER NOT NULL CHECK (priority IN (0, 1, 2)),
    session_id TEXT REFERENCES session (id),
    label TEXT NOT NULL,
    creator TEXT,
    creator_uid INTEGER,
    correlation_id TEXT NOT NULL,
    -- counters of its items, kept by the triggers below
    queued INTEGER NOT NULL DEFAULT 0,
    running INTEGER NOT NULL DEFAULT 0,
    completed INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    canceled INTEGER NOT NULL DEFAULT 0,
    failure TEXT,
    created_at_usec INTEGER NOT NULL,
    started_at_usec INTEGER,
    ended_at_usec INTEGER,
    revision INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX job_live ON job (priority, id) WHERE ended_at_usec IS NULL;
CREATE INDEX job_of_session ON job (session_id, id);

CREATE TABLE item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id INTEGER NOT NULL REFERENCES job (id),
    photo_id TEXT NOT NULL REFERENCES photo (id),
    recipe TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'completed', 'skipped', 'failed', 'canceled')),
    priority INTEGER NOT NULL CHECK (priority IN (0, 1, 2)),
    position INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    fence INTEGER,
    boot TEXT,
    retry_at_usec INTEGER,
    failure TEXT,
    -- what is about to be renamed into place; lets a restart tell a published file from a foreign one
    intent TEXT,
    correlation_id TEXT NOT NULL,
    started_at_usec INTEGER,
    ended_at_usec INTEGER
) STRICT;

CREATE INDEX item_waiting ON item (priority, position, id) WHERE state = 'queued';
CREATE INDEX item_running ON item (id) WHERE state = 'running';
CREATE UNIQUE INDEX item_live ON item (photo_id, recipe) WHERE state IN ('queued', 'running');
CREATE INDEX item_of_job ON item (job_id, id);

CREATE TRIGGER item_counted AFTER INSERT ON item
BEGIN
    UPDATE job SET
        queued = queued + (NEW.state = 'queued'),
        running = running + (NEW.state = 'running'),
        completed = completed + (NEW.state = 'completed'),
        skipped = skipped + (NEW.state = 'skipped'),
        failed = failed + (NEW.state = 'failed'),
        canceled = canceled + (NEW.state = 'canceled')
    WHERE id = NEW.job_id;
END;

CREATE TRIGGER item_moved AFTER UPDATE OF state ON item WHEN OLD.state <> NEW.state
BEGIN
    UPDATE job SET
        queued = queued + (NEW.state = 'queued') - (OLD.state = 'queued'),
        running = running + (NEW.state = 'running') - (OLD.state = 'running'),
        completed = completed + (NEW.state = 'completed') - (OLD.state = 'completed'),
        skipped = skipped + (NEW.state = 'skipped') - (OLD.state = 'skipped'),
        failed = failed + (NEW.state = 'failed') - (OLD.state = 'failed'),
        canceled = canceled + (NEW.state = 'canceled') - (OLD.state = 'canceled'),
        revision = revision + 1
    WHERE id = NEW.job_id;
END;

CREATE TRIGGER photo_counted AFTER INSERT ON photo
BEGIN
    UPDATE session SET
        photos = photos + 1,
        developed = developed + (NEW.state = 'developed'),
        pending = pending + (NEW.state IN ('arriving', 'waiting', 'developing', 'outdated')),
        failed = failed + (NEW.state = 'failed'),
        discarded = discarded + (NEW.discarded_by IS NOT NULL),
        changed_at_usec = NEW.changed_at_usec,
        revision = revision + 1
    WHERE id = NEW.session_id;
END;

CREATE TRIGGER photo_changed AFTER UPDATE OF revision ON photo
BEGIN
    UPDATE session SET
        developed = developed + (NEW.state = 'developed') - (OLD.state = 'developed'),
        pending = pending
            + (NEW.state IN ('arriving', 'waiting', 'developing', 'outdated'))
            - (OLD.state IN ('arriving', 'waiting', 'developing', 'outdated')),
        failed = failed + (NEW.state = 'failed') - (OLD.state = 'failed'),
        discarded = discarded + (NEW.discarded_by IS NOT NULL) - (OLD.discarded_by IS NOT NULL),
        changed_at_usec = NEW.changed_at_usec,
        revision = revision + 1
    WHERE id = NEW.session_id;
END;

CREATE VIEW job_status AS
SELECT
    job.*,
    queued + running + completed + skipped + failed + canceled AS total,
    CASE
        WHEN ended_at_usec IS NULL AND started_at_usec IS NULL THEN 'queued'
        WHEN ended_at_usec IS NULL THEN 'running'
        WHEN failed > 0 THEN 'failed'
        WHEN canceled > 0 THEN 'canceled'
        ELSE 'completed'
    END AS state
FROM job;
