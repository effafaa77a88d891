-- Order that is fair between sessions, jobs that can be paused and canceled, a journal of what happened,
-- and figures that outlive the jobs.

ALTER TABLE item ADD COLUMN session_id TEXT REFERENCES session (id);
ALTER TABLE item ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE item ADD COLUMN held INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1));
UPDATE item SET session_id = (SELECT photo.session_id FROM photo WHERE photo.id = item.photo_id), turn = id;

DROP INDEX item_waiting;
CREATE INDEX item_ready ON item (priority, turn, position, id)
WHERE state = 'queued' AND held = 0 AND retry_at_usec IS NULL;
CREATE INDEX item_retry ON item (retry_at_usec) WHERE state = 'queued' AND retry_at_usec IS NOT NULL;
CREATE INDEX item_of_photo ON item (photo_id, id);

ALTER TABLE job ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1));
ALTER TABLE job ADD COLUMN canceling INTEGER NOT NULL DEFAULT 0 CHECK (canceling IN (0, 1));
ALTER TABLE job ADD COLUMN reasons TEXT NOT NULL DEFAULT '[]';
UPDATE job SET turn = coalesce((SELECT min(item.turn) FROM item WHERE item.job_id = job.id), 0);

DROP INDEX job_live;
CREATE INDEX job_live ON job (id) WHERE ended_at_usec IS NULL;
CREATE INDEX job_waiting ON job (priority, turn, position, id)
WHERE ended_at_usec IS NULL AND started_at_usec IS NULL;
CREATE INDEX job_ended ON job (ended_at_usec) WHERE ended_at_usec IS NOT NULL;

-- The last turn that was given to a session's items, by priority.
CREATE TABLE lane (
    session_id TEXT NOT NULL,
    priority INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    PRIMARY KEY (session_id, priority)
) STRICT, WITHOUT ROWID;
INSERT INTO lane (session_id, priority, turn)
SELECT session_id, priority, max(turn) FROM item
WHERE session_id IS NOT NULL AND state = 'queued' GROUP BY session_id, priority;

-- The turn of the newest item that was started, by priority.
INSERT INTO counter (name, value)
SELECT 'turn.' || ranks.value, coalesce((SELECT max(turn) FROM item WHERE priority = ranks.value AND state <> 'queued'), 0)
FROM json_each('[0, 1, 2]') AS ranks;

-- Items of all jobs that have not ended, by outcome.
CREATE TABLE tally (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    queued INTEGER NOT NULL,
    running INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    canceled INTEGER NOT NULL
) STRICT;
INSERT INTO tally
SELECT
    1, coalesce(sum(queued), 0), coalesce(sum(running), 0), coalesce(sum(completed), 0),
    coalesce(sum(skipped), 0), coalesce(sum(failed), 0), coalesce(sum(canceled), 0)
FROM job WHERE ended_at_usec IS NULL;

CREATE TRIGGER job_tallied AFTER UPDATE ON job
BEGIN
    UPDATE tally SET
        queued = queued + NEW.queued * (NEW.ended_at_usec IS NULL) - OLD.queued * (OLD.ended_at_usec IS NULL),
        running = running + NEW.running * (NEW.ended_at_usec IS NULL) - OLD.running * (OLD.ended_at_usec IS NULL),
        completed = completed
            + NEW.completed * (NEW.ended_at_usec IS NULL) - OLD.completed * (OLD.ended_at_usec IS NULL),
        skipped = skipped + NEW.skipped * (NEW.ended_at_usec IS NULL) - OLD.skipped * (OLD.ended_at_usec IS NULL),
        failed = failed + NEW.failed * (NEW.ended_at_usec IS NULL) - OLD.failed * (OLD.ended_at_usec IS NULL),
        canceled = canceled
            + NEW.canceled * (NEW.ended_at_usec IS NULL) - OLD.canceled * (OLD.ended_at_usec IS NULL);
END;

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened, in order; a fact without a body is told as its photo stands when it is read.
CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    at_usec INTEGER NOT NULL,
    kind TEXT NOT NULL,
    photo_id TEXT,
    body TEXT
) STRICT;

CREATE TABLE sample (
    id INTEGER PRIMARY KEY,
    ended_at_usec INTEGER NOT NULL,
    session_id TEXT NOT NULL,
    preset_id TEXT,
    camera TEXT NOT NULL,
    failed INTEGER NOT NULL CHECK (failed IN (0, 1)),
    bytes_read INTEGER NOT NULL,
    bytes_written INTEGER NOT NULL,
    busy_usec INTEGER NOT NULL,
    latency_usec INTEGER NOT NULL
) STRICT;
CREATE INDEX sample_by_time ON sample (ended_at_usec);

CREATE TABLE log_line (
    id INTEGER PRIMARY KEY,
    at_usec INTEGER NOT NULL,
    level INTEGER NOT NULL,
    event TEXT NOT NULL,
    correlation_id TEXT,
    job_id INTEGER,
    item_id INTEGER,
    fields TEXT NOT NULL
) STRICT;
CREATE INDEX log_line_of_story ON log_line (correlation_id, id);
CREATE INDEX log_line_of_job ON log_line (job_id, id);
CREATE INDEX log_line_of_item ON log_line (item_id, id);

DROP VIEW job_status;
CREATE VIEW job_status AS
SELECT
    job.*,
    queued + running + completed + skipped + failed + canceled AS total,
    CASE
        WHEN ended_at_usec IS NULL AND canceling = 1 THEN 'canceling'
        WHEN ended_at_usec IS NULL AND paused = 1 AND running = 0 THEN 'paused'
        WHEN ended_at_usec IS NULL AND started_at_usec IS NULL THEN 'queued'
        WHEN ended_at_usec IS NULL THEN 'running'
        WHEN canceling = 1 THEN 'canceled'
        WHEN failed > 0 THEN 'failed'
        WHEN canceled > 0 THEN 'canceled'
        ELSE 'completed'
    END AS state
FROM job;
