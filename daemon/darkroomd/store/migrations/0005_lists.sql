-- Lists that look up what they are asked for, however much else is kept, and fewer pages written for each photo.

-- Every filter of a list of jobs has an index of its own, newest last. Most are empty, or out of the way of claim and end.
CREATE INDEX job_busy ON job (id)
WHERE ended_at_usec IS NULL AND (started_at_usec IS NOT NULL OR paused = 1 OR canceling = 1);
CREATE INDEX job_failed ON job (id)
WHERE ended_at_usec IS NOT NULL AND canceling = 0 AND failed > 0;
CREATE INDEX job_canceled ON job (id)
WHERE ended_at_usec IS NOT NULL AND (canceling = 1 OR (failed = 0 AND canceled > 0));
CREATE INDEX job_completed ON job (id)
WHERE ended_at_usec IS NOT NULL AND canceling = 0 AND failed = 0 AND canceled = 0;
CREATE INDEX job_by_kind ON job (kind, id);
CREATE INDEX job_by_creator ON job (creator, id) WHERE creator IS NOT NULL;
CREATE INDEX job_by_creator_uid ON job (creator_uid, id) WHERE creator_uid IS NOT NULL;

-- What people look for in a long job, and in a large session.
CREATE INDEX item_apart ON item (job_id, id) WHERE state IN ('skipped', 'failed', 'canceled');
DROP INDEX photo_by_state;
CREATE INDEX photo_apart ON photo (session_id, seq)
WHERE state IN ('arriving', 'developing', 'outdated', 'failed', 'missing');

-- Only what is counted is counted again.
DROP TRIGGER job_tallied;
DROP TRIGGER job_sized;
CREATE TRIGGER job_tallied
AFTER UPDATE OF queued, running, completed, skipped, failed, canceled, sized, sized_pixels, ended_at_usec ON job
BEGIN
    UPDATE tally SET
        queued = queued + NEW.queued * (NEW.ended_at_usec IS NULL) - OLD.queued * (OLD.ended_at_usec IS NULL),
        running = running + NEW.running * (NEW.ended_at_usec IS NULL) - OLD.running * (OLD.ended_at_usec IS NULL),
        completed = completed
            + NEW.completed * (NEW.ended_at_usec IS NULL) - OLD.completed * (OLD.ended_at_usec IS NULL),
        skipped = skipped + NEW.skipped * (NEW.ended_at_usec IS NULL) - OLD.skipped * (OLD.ended_at_usec IS NULL),
        failed = failed + NEW.failed * (NEW.ended_at_usec IS NULL) - OLD.failed * (OLD.ended_at_usec IS NULL),
        canceled = canceled
            + NEW.canceled * (NEW.ended_at_usec IS NULL) - OLD.canceled * (OLD.ended_at_usec IS NULL),
        sized = sized + NEW.sized * (NEW.ended_at_usec IS NULL) - OLD.sized * (OLD.ended_at_usec IS NULL),
        sized_pixels = sized_pixels
            + NEW.sized_pixels * (NEW.ended_at_usec IS NULL) - OLD.sized_pixels * (OLD.ended_at_usec IS NULL);
END;

-- The newest fact is always kept: the next number is one more, without a table that remembers it.
CREATE TABLE facts (
    sequence INTEGER PRIMARY KEY,
    at_usec INTEGER NOT NULL,
    kind TEXT NOT NULL,
    photo_id TEXT,
    body TEXT
) STRICT;
INSERT INTO facts SELECT sequence, at_usec, kind, photo_id, body FROM journal;
DROP TABLE journal;
ALTER TABLE facts RENAME TO journal;
