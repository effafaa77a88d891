-- name: live_work_of_photo
SELECT item.id, item.job_id, item.state, job.kind
FROM item JOIN job ON job.id = item.job_id
WHERE item.photo_id = :photo_id AND item.recipe = :recipe AND item.state IN ('queued', 'running');

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
