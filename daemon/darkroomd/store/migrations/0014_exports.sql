-- What exports are to make, and what is to be known of their photos when their turn comes.

-- Names of recipes, a list as JSON; null: all.
ALTER TABLE job ADD COLUMN recipes TEXT;
ALTER TABLE job ADD COLUMN forced INTEGER NOT NULL DEFAULT 0 CHECK (forced IN (0, 1));
-- The photo had failed for good when the export was asked for.
ALTER TABLE item ADD COLUMN failed_before INTEGER NOT NULL DEFAULT 0 CHECK (failed_before IN (0, 1));
-- The photo was developed when its turn came, and is taken to be so until that is found to be untrue.
ALTER TABLE item ADD COLUMN intact INTEGER NOT NULL DEFAULT 0 CHECK (intact IN (0, 1));

CREATE INDEX export_open ON job (session_id, id) WHERE kind = 'export' AND ended_at_usec IS NULL;
