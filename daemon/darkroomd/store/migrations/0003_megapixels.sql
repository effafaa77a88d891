-- Sizes of pictures, so that the time left is known by the megapixel; null where a photo was never developed.

ALTER TABLE photo ADD COLUMN pixels INTEGER;
ALTER TABLE sample ADD COLUMN pixels INTEGER;
-- As the photo's was when the item was made: what was added to the sums below is what is taken off again.
ALTER TABLE item ADD COLUMN pixels INTEGER;

-- Queued and running items whose size is known, and their sizes together.
ALTER TABLE job ADD COLUMN sized INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN sized_pixels INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tally ADD COLUMN sized INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tally ADD COLUMN sized_pixels INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER item_sized AFTER INSERT ON item
WHEN NEW.pixels IS NOT NULL AND NEW.state IN ('queued', 'running')
BEGIN
    UPDATE job SET sized = sized + 1, sized_pixels = sized_pixels + NEW.pixels WHERE id = NEW.job_id;
END;

CREATE TRIGGER item_done_with AFTER UPDATE OF state ON item
WHEN NEW.pixels IS NOT NULL
    AND (OLD.state IN ('queued', 'running')) <> (NEW.state IN ('queued', 'running'))
BEGIN
    UPDATE job SET
        sized = sized + (NEW.state IN ('queued', 'running')) - (OLD.state IN ('queued', 'running')),
        sized_pixels = sized_pixels
            + NEW.pixels * ((NEW.state IN ('queued', 'running')) - (OLD.state IN ('queued', 'running')))
    WHERE id = NEW.job_id;
END;

CREATE TRIGGER job_sized AFTER UPDATE ON job
WHEN OLD.sized <> NEW.sized OR OLD.sized_pixels <> NEW.sized_pixels
    OR (OLD.ended_at_usec IS NULL) <> (NEW.ended_at_usec IS NULL)
BEGIN
    UPDATE tally SET
        sized = sized + NEW.sized * (NEW.ended_at_usec IS NULL) - OLD.sized * (OLD.ended_at_usec IS NULL),
        sized_pixels = sized_pixels
            + NEW.sized_pixels * (NEW.ended_at_usec IS NULL) - OLD.sized_pixels * (OLD.ended_at_usec IS NULL);
END;
