-- name: live_work_of_photos
SELECT item.id, item.job_id, item.state, item.photo_id, job.kind
FROM json_each(:photo_ids) AS wanted
CROSS JOIN item INDEXED BY item_live ON item.photo_id = wanted.value
CROSS JOIN job ON job.id = item.job_id
WHERE item.recipe = :recipe AND item.state IN ('queued', 'running')
ORDER BY wanted.id;

-- name: export_candidates
SELECT id, name, state, discarded_by, captured_at_usec, corrected_at_usec, fingerprint
FROM photo WHERE session_id = :session_id;

-- name: photos_of_session_by_id
SELECT id FROM photo WHERE session_id = :session_id AND id IN (SELECT value FROM json_each(:photo_ids));

-- name: supersede_item
UPDATE item SET state = 'canceled', held = 0, retry_at_usec = NULL, failure = :failure, ended_at_usec = :now
WHERE id = :id AND state = 'queued'
RETURNING *;

-- name: job_superseded
UPDATE job SET
    reasons = CASE
        WHEN EXISTS (SELECT 1 FROM json_each(job.reasons) WHERE value = :reason) THEN reasons
        ELSE json_insert(reasons, '$[#]', :reason)
    END,
    revision = revision + 1
WHERE id = :id;

-- name: open_backfill
SELECT id FROM job INDEXED BY job_by_kind
WHERE kind = 'backfill' AND id > :after AND session_id = :session_id AND correlation_id = :correlation_id
  AND ended_at_usec IS NULL AND canceling = 0
ORDER BY id DESC LIMIT 1;

-- name: stopped_before
SELECT EXISTS (
    SELECT 1 FROM job INDEXED BY job_of_session
    WHERE session_id = :session_id AND id < :id AND correlation_id = :correlation_id
      AND EXISTS (SELECT 1 FROM json_each(job.reasons) WHERE value = :reason)
) AS found;

-- name: revivable_items
SELECT photo_id, recipe FROM item AS ended INDEXED BY item_apart
WHERE job_id = :job_id AND state IN ('skipped', 'failed', 'canceled')
  AND state IN (SELECT value FROM json_each(:states))
  AND NOT EXISTS (
      SELECT 1 FROM item AS live JOIN job ON job.id = live.job_id
      WHERE live.photo_id = ended.photo_id AND live.recipe = ended.recipe
        AND live.state IN ('queued', 'running')
        AND (live.state = 'running' OR job.kind NOT IN ('develop', 'backfill'))
  )
ORDER BY ended.id LIMIT :most;

-- name: note_wish
UPDATE job SET recipes = :recipes, forced = :forced WHERE id = :id;

-- name: note_failed_before
UPDATE item SET failed_before = 1
WHERE job_id = :job_id AND state = 'queued' AND photo_id IN (SELECT value FROM json_each(:photo_ids));

-- name: note_intact
UPDATE item SET intact = 1 WHERE id = :id;

-- name: begin_item
UPDATE item SET intact = 0 WHERE id = :id AND state = 'running' AND fence = :fence RETURNING photo_id;

-- name: open_exports
SELECT * FROM job INDEXED BY export_open
WHERE kind = 'export' AND ended_at_usec IS NULL AND session_id = :session_id AND canceling = 0
ORDER BY id;

-- name: settled_photos
SELECT item.photo_id FROM item JOIN photo ON photo.id = item.photo_id
WHERE item.job_id = :job_id AND item.state IN ('completed', 'skipped') AND photo.state = 'developed';

-- name: waiting_with
SELECT item.id, photo.id AS photo_id FROM item JOIN photo ON photo.id = item.photo_id
WHERE item.job_id = :job_id AND item.id > :after AND item.state = 'queued' AND item.held = 0
  AND item.retry_at_usec IS NULL AND item.failed_before = 0 AND item.attempt = 0
  AND photo.state = 'developed'
ORDER BY item.id LIMIT :limit;

-- name: skip_along
UPDATE item SET state = 'skipped', failure = NULL, ended_at_usec = :now
WHERE id IN (SELECT value FROM json_each(:item_ids)) AND job_id = :job_id
  AND state = 'queued' AND held = 0 AND retry_at_usec IS NULL
  AND EXISTS (SELECT 1 FROM photo WHERE photo.id = item.photo_id AND photo.state = 'developed')
RETURNING *;

-- name: spare_items
UPDATE item SET pixels = 0
WHERE job_id = :job_id AND state = 'queued' AND photo_id IN (SELECT value FROM json_each(:photo_ids));

-- name: count_sizes
UPDATE job SET (sized, sized_pixels) = (
    SELECT count(pixels), coalesce(sum(pixels), 0) FROM item
    WHERE item.job_id = job.id AND item.state IN ('queued', 'running')
)
WHERE id = :id;
