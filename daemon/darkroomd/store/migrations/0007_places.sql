-- Folders that were named while the daemon ran, and those that are to be left alone.

ALTER TABLE session ADD COLUMN added INTEGER NOT NULL DEFAULT 0 CHECK (added IN (0, 1));
-- Which folder on disk the session is ("device:inode"), and its inode alone to find it by; null: never seen.
ALTER TABLE session ADD COLUMN identity TEXT;
ALTER TABLE session ADD COLUMN inode TEXT;
CREATE INDEX session_by_inode ON session (inode) WHERE inode IS NOT NULL;

CREATE TABLE root (
    id TEXT PRIMARY KEY,
    folder BLOB NOT NULL UNIQUE,
    created_at_usec INTEGER NOT NULL
) STRICT;

-- Sessions that were removed although they lie below a root; the identity as above.
CREATE TABLE forgotten (
    folder BLOB PRIMARY KEY,
    identity TEXT
) STRICT, WITHOUT ROWID;

-- Jobs by the key of whoever asked for them, so that asking again makes no second one.
CREATE TABLE asked (
    uid INTEGER NOT NULL,
    key TEXT NOT NULL,
    job_id INTEGER NOT NULL,
    items INTEGER NOT NULL,
    at_usec INTEGER NOT NULL,
    PRIMARY KEY (uid, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX asked_by_time ON asked (at_usec);
