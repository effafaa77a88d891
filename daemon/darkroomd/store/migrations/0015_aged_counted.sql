-- How many photos of a session are outdated because of a newer pipeline alone; those that are discarded do not count.

ALTER TABLE session ADD COLUMN aged INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER photo_aged_counted AFTER INSERT ON photo
WHEN NEW.aged = 1 AND NEW.discarded_by IS NULL
BEGIN
    UPDATE session SET aged = aged + 1 WHERE id = NEW.session_id;
END;

CREATE TRIGGER photo_aged_changed AFTER UPDATE OF revision ON photo
WHEN (NEW.aged = 1 AND NEW.discarded_by IS NULL) <> (OLD.aged = 1 AND OLD.discarded_by IS NULL)
BEGIN
    UPDATE session SET
        aged = aged
            + (NEW.aged = 1 AND NEW.discarded_by IS NULL)
            - (OLD.aged = 1 AND OLD.discarded_by IS NULL)
    WHERE id = NEW.session_id;
END;

UPDATE session SET aged = (
    SELECT count(*) FROM photo
    WHERE photo.session_id = session.id AND photo.aged = 1 AND photo.discarded_by IS NULL
);
