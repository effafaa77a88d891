-- name: cancel_job
UPDATE job SET canceling = :canceling, reasons = :reasons, revision = revision + 1
WHERE id = :id AND ended_at_usec IS NULL;

-- name: cancel_queued_items
UPDATE item SET state = 'canceled', held = 0, retry_at_usec = NULL, failure = :failure, ended_at_usec = :now
WHERE id IN (SELECT id FROM item WHERE job_id = :job_id AND state = 'queued' ORDER BY id LIMIT :most)
RETURNING *;

-- name: job_to_cancel
SELECT id FROM job INDEXED BY job_busy
WHERE ended_at_usec IS NULL AND (started_at_usec IS NOT NULL OR paused = 1 OR canceling = 1)
  AND canceling = 1 AND queued > 0
ORDER BY id LIMIT 1;

-- name: failure_of_canceled
SELECT failure FROM item INDEXED BY item_apart
WHERE job_id = :job_id AND state IN ('skipped', 'failed', 'canceled') AND state = 'canceled'
  AND json_extract(failure, '$.code') = 'canceled'
ORDER BY id DESC LIMIT 1;

-- name: place_revived_item
UPDATE item SET priority = :priority, position = 0, turn = :turn, held = :held WHERE id = :id;

-- name: revive_items
UPDATE item SET
    state = 'queued', attempt = 0, fence = NULL, boot = NULL, failure = NULL, retry_at_usec = NULL,
    started_at_usec = NULL, ended_at_usec = NULL, held = 0
WHERE id IN (
    SELECT id FROM item AS ended INDEXED BY item_apart
    WHERE job_id = :job_id AND state IN ('skipped', 'failed', 'canceled')
      AND state IN (SELECT value FROM json_each(:states))
      AND NOT EXISTS (
          SELECT 1 FROM item AS live
          WHERE live.photo_id = ended.photo_id AND live.recipe = ended.recipe
            AND live.state IN ('queued', 'running')
      )
    ORDER BY id LIMIT :most
)
RETURNING *;

-- name: revive_job
UPDATE job SET
    ended_at_usec = NULL, started_at_usec = NULL, canceling = 0, paused = 0, reasons = '[]', failure = NULL,
    revision = revision + 1
WHERE id = :id;

-- name: pause_job
UPDATE job SET paused = :paused, revision = revision + 1 WHERE id = :id AND ended_at_usec IS NULL;

-- name: hold_items
UPDATE item SET held = :held WHERE job_id = :job_id AND state = 'queued';

-- name: count_items_left
SELECT queued + running AS items FROM job WHERE id = :id;

-- name: reorder_items
UPDATE item SET priority = :priority, position = 0, turn = :turn + ranked.rank
FROM (
    SELECT id, row_number() OVER (ORDER BY state DESC, turn, position, id) - 1 AS rank
    FROM item WHERE job_id = :job_id AND state IN ('queued', 'running')
) AS ranked
WHERE item.id = ranked.id;

-- name: place_items
UPDATE item SET priority = :priority, turn = :turn, position = :position
WHERE job_id = :job_id AND state = 'queued';

-- name: place_job
UPDATE job SET priority = :priority, turn = :turn, position = :position, revision = revision + 1
WHERE id = :id;

-- name: make_room_among_items
UPDATE item SET position = position - :count
WHERE state = 'queued' AND priority = :priority AND turn = :turn AND (position, job_id) < (:position, :job_id);

-- name: make_room_among_jobs
UPDATE job SET position = position - :count
WHERE ended_at_usec IS NULL AND started_at_usec IS NULL
  AND priority = :priority AND turn = :turn AND (position, id) < (:position, :job_id);

-- name: last_waiting_job
SELECT * FROM job INDEXED BY job_waiting
WHERE ended_at_usec IS NULL AND started_at_usec IS NULL
  AND id NOT IN (SELECT value FROM json_each(:job_ids))
ORDER BY priority DESC, turn DESC, position DESC, id DESC LIMIT 1;

-- name: last_turn
SELECT max(turn) AS turn FROM item INDEXED BY item_ready
WHERE state = 'queued' AND held = 0 AND retry_at_usec IS NULL AND priority = :priority;

-- name: clearable_jobs
SELECT id, session_id, total FROM job_status
WHERE ended_at_usec IS NOT NULL
  AND state IN (SELECT value FROM json_each(:states))
  AND (:ended_before IS NULL OR ended_at_usec < :ended_before)
ORDER BY id LIMIT :limit;

-- name: delete_items
DELETE FROM item WHERE job_id = :job_id;

-- name: delete_job
DELETE FROM job WHERE id = :id;

-- name: put_setting
INSERT INTO setting (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: delete_setting
DELETE FROM setting WHERE name = :name;

-- name: setting
SELECT value FROM setting WHERE name = :name;
