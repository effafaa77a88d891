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

-- name: revivable_items
SELECT photo_id, recipe FROM item
WHERE job_id = :job_id AND state IN (SELECT value FROM json_each(:states))
ORDER BY id;
