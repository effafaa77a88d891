-- name: set_session_preset
UPDATE session SET preset_id = :preset_id, changed_at_usec = :now, revision = revision + 1 WHERE id = :id
RETURNING *;

-- name: preset_of_photo
SELECT preset_id FROM photo WHERE session_id = :session_id AND name = :name AND preset_id IS NOT NULL;

-- name: discard_photo
UPDATE photo SET
    discarded_by = :discarded_by, rejected = :rejected, changed_at_usec = :now, revision = revision + 1
WHERE id = :id;

-- name: note_rejected
UPDATE photo SET rejected = :rejected WHERE id = :id;

-- name: queued_items_of_photo
SELECT * FROM item WHERE photo_id = :photo_id AND state = 'queued' ORDER BY id;

-- name: skip_queued_item
UPDATE item SET state = 'skipped', held = 0, retry_at_usec = NULL, failure = :failure, ended_at_usec = :now
WHERE id = :id AND state = 'queued'
RETURNING *;

-- name: correct_photo
UPDATE photo SET
    corrected_at_usec = :corrected_at_usec, state = :state, aged = :aged, changed_at_usec = :now,
    revision = revision + 1
WHERE id = :id;

-- name: restyle_photo
UPDATE photo SET
    left_out = iif(look = :look, left_out, '[]'),
    look = :look, preset_id = :preset_id, unsupported = :unsupported, warnings = :warnings, state = :state,
    aged = :aged, attempts = :attempts, failure = :failure, changed_at_usec = :now, revision = revision + 1
WHERE id = :id;
