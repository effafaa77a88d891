-- Photos that nothing but a newer pipeline would develop differently wait for nothing: they are not pending.

ALTER TABLE photo ADD COLUMN aged INTEGER NOT NULL DEFAULT 0 CHECK (aged IN (0, 1));
UPDATE photo SET aged = 1 WHERE state = 'outdated' AND NOT EXISTS (
    SELECT 1 FROM item WHERE item.photo_id = photo.id AND item.state IN ('queued', 'running')
);

DROP TRIGGER photo_counted;
DROP TRIGGER photo_changed;

CREATE TRIGGER photo_counted AFTER INSERT ON photo
BEGIN
    UPDATE session SET
        photos = photos + 1,
        developed = developed + (NEW.state = 'developed'),
        pending = pending + (NEW.aged = 0 AND NEW.state IN ('arriving', 'waiting', 'developing', 'outdated')),
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
            + (NEW.aged = 0 AND NEW.state IN ('arriving', 'waiting', 'developing', 'outdated'))
            - (OLD.aged = 0 AND OLD.state IN ('arriving', 'waiting', 'developing', 'outdated')),
        failed = failed + (NEW.state = 'failed') - (OLD.state = 'failed'),
        discarded = discarded + (NEW.discarded_by IS NOT NULL) - (OLD.discarded_by IS NOT NULL),
        changed_at_usec = NEW.changed_at_usec,
        revision = revision + 1
    WHERE id = NEW.session_id;
END;

UPDATE session SET pending = (
    SELECT count(*) FROM photo
    WHERE photo.session_id = session.id AND aged = 0
      AND state IN ('arriving', 'waiting', 'developing', 'outdated')
);
