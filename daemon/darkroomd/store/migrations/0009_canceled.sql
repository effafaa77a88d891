-- Photos that somebody canceled did not fail: they are counted by themselves.

-- Told by the failure alone, so that whatever writes or clears that says it as well.
ALTER TABLE photo ADD COLUMN canceled INTEGER GENERATED ALWAYS AS (
    CASE WHEN state = 'failed' AND json_valid(failure) THEN json_extract(failure, '$.code') IS 'canceled' ELSE 0 END
) VIRTUAL;
ALTER TABLE session ADD COLUMN canceled INTEGER NOT NULL DEFAULT 0;

DROP TRIGGER photo_counted;
DROP TRIGGER photo_changed;

CREATE TRIGGER photo_counted AFTER INSERT ON photo
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

CREATE TRIGGER photo_changed AFTER UPDATE OF revision ON photo
BEGIN
    UPDATE session SET
        developed = developed + (NEW.state = 'developed') - (OLD.state = 'developed'),
        pending = pending
            + (
                NEW.aged = 0 AND NEW.discarded_by IS NULL
                AND NEW.state IN ('arriving', 'waiting', 'developing', 'outdated')
            ) - (
                OLD.aged = 0 AND OLD.discarded_by IS NULL
                AND OLD.state IN ('arriving', 'waiting', 'developing', 'outdated')
            ),
        failed = failed
            + (NEW.state = 'failed' AND NEW.canceled = 0)
            - (OLD.state = 'failed' AND OLD.canceled = 0),
        canceled = canceled + NEW.canceled - OLD.canceled,
        discarded = discarded + (NEW.discarded_by IS NOT NULL) - (OLD.discarded_by IS NOT NULL),
        changed_at_usec = NEW.changed_at_usec,
        revision = revision + 1
    WHERE id = NEW.session_id;
END;

UPDATE session SET (failed, canceled) = (
    SELECT count(*) FILTER (WHERE photo.canceled = 0), count(*) FILTER (WHERE photo.canceled = 1) FROM photo
    WHERE photo.session_id = session.id AND photo.state = 'failed'
);
