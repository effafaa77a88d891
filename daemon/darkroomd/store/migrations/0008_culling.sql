-- Photos that are discarded wait for nothing: they are not pending. And what XMP files said of a photo when
-- they were last read, so that reading the same again is no news.

ALTER TABLE photo ADD COLUMN rejected INTEGER NOT NULL DEFAULT 0 CHECK (rejected IN (0, 1));

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
            + (
                NEW.aged = 0 AND NEW.discarded_by IS NULL
                AND NEW.state IN ('arriving', 'waiting', 'developing', 'outdated')
            ) - (
                OLD.aged = 0 AND OLD.discarded_by IS NULL
                AND OLD.state IN ('arriving', 'waiting', 'developing', 'outdated')
            ),
        failed = failed + (NEW.state = 'failed') - (OLD.state = 'failed'),
        discarded = discarded + (NEW.discarded_by IS NOT NULL) - (OLD.discarded_by IS NOT NULL),
        changed_at_usec = NEW.changed_at_usec,
        revision = revision + 1
    WHERE id = NEW.session_id;
END;

UPDATE session SET pending = (
    SELECT count(*) FROM photo
    WHERE photo.session_id = session.id AND aged = 0 AND discarded_by IS NULL
      AND state IN ('arriving', 'waiting', 'developing', 'outdated')
);
