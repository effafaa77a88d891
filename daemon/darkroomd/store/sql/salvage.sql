-- name: salvage_sessions
-- Only those that somebody added: what lies below a root is found there.
INSERT INTO session (id, folder, name, preset_id, created_at_usec, changed_at_usec, added, identity, inode)
SELECT id, folder, name, preset_id, created_at_usec, changed_at_usec, 1, identity, inode
FROM former.session WHERE added = 1;

-- name: salvage_roots
INSERT INTO root (id, folder, created_at_usec) SELECT id, folder, created_at_usec FROM former.root;

-- name: salvage_forgotten
INSERT INTO forgotten (folder, identity) SELECT folder, identity FROM former.forgotten;

-- name: salvage_samples
INSERT INTO sample (
    id, ended_at_usec, session_id, preset_id, camera, failed, bytes_read, bytes_written, busy_usec, latency_usec,
    pixels
)
SELECT
    id, ended_at_usec, session_id, preset_id, camera, failed, bytes_read, bytes_written, busy_usec, latency_usec,
    pixels
FROM former.sample;

-- name: salvage_numbers
-- Jobs made since then have numbers that somebody may still ask for: a few thousand are left out.
INSERT INTO sqlite_sequence (name, seq)
SELECT name, seq + 10000 FROM former.sqlite_sequence WHERE name IN ('job', 'item');
