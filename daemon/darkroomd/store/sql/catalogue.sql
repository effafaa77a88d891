-- name: insert_session
INSERT INTO session (id, folder, name, preset_id, created_at_usec, changed_at_usec)
VALUES (:id, :folder, :name, :preset_id, :now, :now)
ON CONFLICT DO NOTHING
RETURNING *;

-- name: session_by_id
SELECT * FROM session WHERE id = :id;

-- name: session_by_folder
SELECT * FROM session WHERE folder = :folder;

-- name: sessions_page
SELECT * FROM session WHERE id > :after ORDER BY id LIMIT :limit;

-- name: photo_by_id
SELECT * FROM photo WHERE id = :id;

-- name: photos_by_id
SELECT * FROM photo WHERE id IN (SELECT value FROM json_each(:photo_ids));

-- name: inputs_of_photo
SELECT fingerprint, look, corrected_at_usec FROM photo WHERE id = :id;

-- name: photo_by_name
SELECT * FROM photo WHERE session_id = :session_id AND name = :name;

-- name: photos_of_session
SELECT * FROM photo WHERE session_id = :session_id ORDER BY seq;

-- name: photos_page_apart
SELECT * FROM photo INDEXED BY photo_apart
WHERE session_id = :session_id AND seq > :after
  AND state IN ('arriving', 'developing', 'outdated', 'failed', 'missing')
  AND state IN (SELECT value FROM json_each(:states))
  AND (:discarded IS NULL OR (discarded_by IS NOT NULL) = :discarded)
ORDER BY seq LIMIT :limit;

-- name: photos_page
SELECT * FROM photo
WHERE session_id = :session_id AND seq > :after
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:discarded IS NULL OR (discarded_by IS NOT NULL) = :discarded)
ORDER BY seq LIMIT :limit;

-- name: insert_photo
INSERT INTO photo (
    id, session_id, name, fingerprint, look, preset_id, state, unsupported, warnings,
    attempts, last_attempt_at_usec, discarded_by, rejected, captured_at_usec, zone_minutes, left_out,
    corrected_at_usec, camera,
    correlation_id, arrived_at_usec, changed_at_usec
) VALUES (
    :id, :session_id, :name, :fingerprint, :look, :preset_id, :state, :unsupported, :warnings,
    :attempts, :last_attempt_at_usec, :discarded_by, :rejected, :captured_at_usec, :zone_minutes, :left_out,
    :corrected_at_usec, :camera,
    :correlation_id, :arrived_at_usec, :now
);

-- name: replace_photo_inputs
UPDATE photo SET
    fingerprint = :fingerprint, look = :look, preset_id = :preset_id, state = :state, aged = 0,
    unsupported = :unsupported, warnings = :warnings, discarded_by = :discarded_by, rejected = :rejected,
    correlation_id = :correlation_id,
    arrived_at_usec = :arrived_at_usec, attempts = 0, last_attempt_at_usec = NULL, failure = NULL,
    pixels = CASE WHEN :same_file THEN pixels END, left_out = '[]', changed_at_usec = :now, revision = revision + 1
WHERE id = :id
RETURNING *;

-- name: refresh_fingerprint
UPDATE photo SET fingerprint = :fingerprint, changed_at_usec = :now, revision = revision + 1 WHERE id = :id;

-- name: refresh_output_inputs
UPDATE output SET raw_fingerprint = :fingerprint WHERE photo_id = :id;

-- name: set_photo_state
UPDATE photo SET state = :state, aged = 0, changed_at_usec = :now, revision = revision + 1 WHERE id = :id;

-- name: photo_aged
UPDATE photo SET state = 'outdated', aged = 1, changed_at_usec = :now, revision = revision + 1
WHERE id = :id AND state = 'developed'
RETURNING id;

-- name: photo_renewed
UPDATE photo SET state = 'developed', aged = 0, changed_at_usec = :now, revision = revision + 1
WHERE id = :id AND aged = 1
RETURNING id;

-- name: photo_started
UPDATE photo SET
    state = 'developing', aged = 0, attempts = attempts + 1, last_attempt_at_usec = :now, failure = NULL,
    changed_at_usec = :now, revision = revision + 1
WHERE id = :id
RETURNING *;

-- name: photo_developed
UPDATE photo SET
    state = :state, aged = 0, captured_at_usec = :captured_at_usec, zone_minutes = :zone_minutes,
    left_out = :left_out, camera = :camera, failure = NULL, pixels = coalesce(:pixels, pixels),
    changed_at_usec = :now, revision = revision + 1
WHERE id = :id
RETURNING *;

-- name: photo_failed
UPDATE photo SET state = :state, aged = 0, failure = :failure, changed_at_usec = :now, revision = revision + 1
WHERE id = :id;

-- name: photo_put_back
UPDATE photo SET
    state = :state, aged = 0, failure = :failure, attempts = max(0, attempts - :refund),
    changed_at_usec = :now, revision = revision + 1
WHERE id = :id;

-- name: photo_restored
UPDATE photo SET
    state = :state, aged = :aged, attempts = :attempts, last_attempt_at_usec = :last_attempt_at_usec,
    failure = :failure, changed_at_usec = :now, revision = revision + 1
WHERE id = :id
RETURNING *;

-- name: photo_queued_again
UPDATE photo SET
    state = :state, aged = 0, attempts = 0, failure = NULL, changed_at_usec = :now, revision = revision + 1
WHERE id = :id;

-- name: outputs_of_photo
SELECT * FROM output WHERE photo_id = :photo_id ORDER BY recipe;

-- name: outputs_of_photos
SELECT * FROM output WHERE photo_id IN (SELECT value FROM json_each(:photo_ids)) ORDER BY recipe;

-- name: put_output
INSERT INTO output (
    id, photo_id, recipe, path, media_type, size_bytes, mtime_ns, sha256,
    raw_fingerprint, raw_sha256, look, recipe_digest, pipeline, created_at_usec
) VALUES (
    :id, :photo_id, :recipe, :path, :media_type, :size_bytes, :mtime_ns, :sha256,
    :raw_fingerprint, :raw_sha256, :look, :recipe_digest, :pipeline, :created_at_usec
)
ON CONFLICT (photo_id, recipe) DO UPDATE SET
    path = excluded.path, media_type = excluded.media_type, size_bytes = excluded.size_bytes,
    mtime_ns = excluded.mtime_ns, sha256 = excluded.sha256, raw_fingerprint = excluded.raw_fingerprint,
    raw_sha256 = excluded.raw_sha256, look = excluded.look, recipe_digest = excluded.recipe_digest,
    pipeline = excluded.pipeline, created_at_usec = excluded.created_at_usec;

-- name: delete_displaced_outputs
DELETE FROM output WHERE photo_id = :photo_id AND recipe <> :recipe AND path = :path;

-- name: output_at
SELECT * FROM output WHERE path = :path ORDER BY created_at_usec DESC LIMIT 1;

-- name: photo_names
SELECT name FROM photo WHERE session_id = :session_id;
