-- Whoever inserts thousands of rows counts them at once instead of one by one.

-- A row here says so, and never outlives the transaction that wrote it.
CREATE TABLE bulk (
    one INTEGER PRIMARY KEY CHECK (one = 1)
) STRICT;

DROP TRIGGER item_counted;
DROP TRIGGER item_sized;
DROP TRIGGER photo_counted;

CREATE TRIGGER item_counted AFTER INSERT ON item WHEN NOT EXISTS (SELECT 1 FROM bulk)
BEGIN
    UPDATE job SET
        queued = queued + (NEW.state = 'queued'),
        running = running + (NEW.state = 'running'),
        completed = completed + (NEW.state = 'completed'),
        skipped = skipped + (NEW.state = 'skipped'),
        failed = failed + (NEW.state = 'failed'),
        canceled = canceled + (NEW.state = 'canceled'),
        sized = sized + (NEW.pixels IS NOT NULL AND NEW.state IN ('queued', 'running')),
        sized_pixels = sized_pixels + coalesce(NEW.pixels, 0) * (NEW.state IN ('queued', 'running'))
    WHERE id = NEW.job_id;
END;

CREATE TRIGGER photo_counted AFTER INSERT ON photo WHEN NOT EXISTS (SELECT 1 FROM bulk)
BEGIN
    UPDATE session SET
        photos = photos + 1,
        developed = developed + (NEW.state = 'developed'),
        pending = pending + (
            NEW.aged = 0 AND NEW.discarded_by IS NULL
            AND NEW.state IN ('arriving', 'waiting', 'developing', 'outdated')
        ),
        failed = failed + (NEW.state = 'failed' AND NEW.canceled = 0),
        canceled = canceled + NEW.canceled,
        discarded = discarded + (NEW.discarded_by IS NOT NULL),
        changed_at_usec = NEW.changed_at_usec,
        revision = revision + 1
    WHERE id = NEW.session_id;
END;
