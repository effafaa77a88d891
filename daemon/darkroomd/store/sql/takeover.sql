-- name: places_of_sessions
SELECT id, folder FROM session ORDER BY folder;

-- name: place_session
UPDATE session SET folder = :folder, name = :name, identity = NULL, inode = NULL, changed_at_usec = :now,
    revision = revision + 1
WHERE id = :id;

-- name: displace_session
UPDATE session SET folder = CAST('moving ' || id AS BLOB) WHERE id = :id;

-- name: place_root
UPDATE root SET id = :new_id, folder = :folder WHERE id = :id;

-- name: displace_root
UPDATE root SET folder = CAST('moving ' || id AS BLOB) WHERE id = :id;

-- name: forget_nowhere
DELETE FROM forgotten;

-- name: places_of_archives
SELECT job_id, destination FROM archive;

-- name: place_archive
UPDATE archive SET destination = :destination WHERE job_id = :job_id;

-- name: has_roots
SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'root';
