-- How often in a row the daemon died with an item in work: such an item sits out before it is tried again.

ALTER TABLE item ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;

CREATE INDEX item_suspect ON item (id) WHERE state = 'queued' AND deaths > 0;

-- Another file, or a person who asks again, is a new beginning.
CREATE TRIGGER item_begun_anew AFTER UPDATE OF attempt ON item WHEN NEW.attempt = 0 AND NEW.deaths > 0
BEGIN
    UPDATE item SET deaths = 0 WHERE id = NEW.id;
END;
