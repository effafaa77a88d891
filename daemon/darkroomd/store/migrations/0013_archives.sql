-- What jobs of kind archive were asked for, and what their items brought into the archive.

CREATE TABLE archive (
    job_id INTEGER PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
    destination BLOB NOT NULL,
    contents TEXT NOT NULL CHECK (contents IN ('both', 'outputs', 'originals')),
    -- photos that are not finished are left out instead of failing
    partial INTEGER NOT NULL DEFAULT 0 CHECK (partial IN (0, 1)),
    -- fences of copies that were cut short, whose part files may stand in the destination
    dead_fences TEXT NOT NULL DEFAULT '[]',
    -- 0 while items are still added to the job: nobody was told of it, and a start forgets it
    complete INTEGER NOT NULL DEFAULT 0 CHECK (complete IN (0, 1))
) STRICT;
CREATE INDEX archive_unswept ON archive (job_id) WHERE dead_fences <> '[]';
CREATE INDEX archive_begun ON archive (job_id) WHERE complete = 0;

-- Files that stand in the archive, by the item that brought or found them there.
CREATE TABLE archived_file (
    item_id INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,
    -- below the destination
    path BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    -- whether the list of sums of its session names it
    listed INTEGER NOT NULL DEFAULT 0 CHECK (listed IN (0, 1)),
    PRIMARY KEY (item_id, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX archived_unlisted ON archived_file (item_id) WHERE listed = 0;
