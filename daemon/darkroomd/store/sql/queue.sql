-- name: insert_job
INSERT INTO job (
    kind, priority, turn, session_id, label, creator, creator_uid, correlation_id, created_at_usec
) VALUES (
    :kind, :priority, :turn, :session_id, :label, :creator, :creator_uid, :correlation_id, :now
)
RETURNING id;

-- name: insert_item
INSERT INTO item (job_id, photo_id, session_id, recipe, state, priority, turn, correlation_id, pixels)
VALUES (
    :job_id, :photo_id, :session_id, :recipe, 'queued', :priority, :turn, :correlation_id,
    (SELECT pixels FROM photo WHERE photo.id = :photo_id)
);

-- name: served_turn
SELECT value FROM counter WHERE name = 'turn.' || :priority;

-- name: last_turn_given
SELECT turn FROM lane WHERE session_id = :session_id AND priority = :priority;

-- name: note_turn_given
INSERT INTO lane (session_id, priority, turn) VALUES (:session_id, :priority, :turn)
ON CONFLICT (session_id, priority) DO UPDATE SET turn = max(turn, excluded.turn);

-- name: retries
SELECT
    (
        SELECT min(retry_at_usec) FROM item INDEXED BY item_retry
        WHERE state = 'queued' AND retry_at_usec IS NOT NULL
    ) AS first,
    (
        SELECT max(retry_at_usec) FROM item INDEXED BY item_retry
        WHERE state = 'queued' AND retry_at_usec IS NOT NULL
    ) AS last;

-- name: ready_retries
UPDATE item SET retry_at_usec = NULL WHERE state = 'queued' AND retry_at_usec <= :now;

-- name: bound_retries
UPDATE item SET retry_at_usec = :latest WHERE state = 'queued' AND retry_at_usec > :latest;

-- name: live_item_of_photo
SELECT * FROM item WHERE photo_id = :photo_id AND recipe = :recipe AND state IN ('queued', 'running');

-- name: promote_item
UPDATE item SET correlation_id = :correlation_id, retry_at_usec = NULL, attempt = 0, failure = NULL
WHERE id = :id AND state = 'queued'
RETURNING *;

-- name: claim_item
UPDATE item SET
    state = 'running', attempt = attempt + 1, boot = :boot,
    fence = (SELECT value + 1 FROM counter WHERE name = 'fence'),
    failure = NULL, intent = NULL, intact = 0, started_at_usec = :now, ended_at_usec = NULL
WHERE id = (
    SELECT id FROM item INDEXED BY item_ready
    WHERE state = 'queued' AND held = 0 AND retry_at_usec IS NULL AND priority <= :least_priority
      AND session_id NOT IN (SELECT value FROM json_each(:waiting_sessions))
      AND job_id NOT IN (SELECT value FROM json_each(:waiting_jobs))
      AND (NOT :no_archives OR recipe NOT GLOB 'archive:*')
      AND NOT EXISTS (
          SELECT 1 FROM item AS other INDEXED BY item_running
          WHERE other.state = 'running'
            AND (other.photo_id = item.photo_id OR (other.deaths > 0 AND item.deaths > 0))
      )
    ORDER BY priority, turn, position, id LIMIT 1
)
  AND (NOT :only_archives OR recipe GLOB 'archive:*')
RETURNING *;

-- name: ready_item
SELECT id FROM item INDEXED BY item_ready
WHERE state = 'queued' AND held = 0 AND retry_at_usec IS NULL AND priority <= :least_priority
  AND session_id NOT IN (SELECT value FROM json_each(:waiting_sessions))
  AND job_id NOT IN (SELECT value FROM json_each(:waiting_jobs))
  AND (NOT :no_archives OR recipe NOT GLOB 'archive:*')
  AND NOT EXISTS (
      SELECT 1 FROM item AS other INDEXED BY item_running
      WHERE other.state = 'running'
        AND (other.photo_id = item.photo_id OR (other.deaths > 0 AND item.deaths > 0))
  )
ORDER BY priority, turn, position, id LIMIT 1;

-- name: next_in_line
SELECT photo.name, session.folder FROM photo JOIN session ON session.id = photo.session_id
WHERE photo.id = (
    SELECT photo_id FROM item INDEXED BY item_ready
    WHERE state = 'queued' AND held = 0 AND retry_at_usec IS NULL AND priority <= :least_priority
    ORDER BY priority, turn, position, id LIMIT 1
);

-- name: note_claim
UPDATE counter SET value = CASE name WHEN 'fence' THEN :fence ELSE max(value, :turn) END
WHERE name IN ('fence', 'turn.' || :priority);

-- name: next_retry
SELECT min(retry_at_usec) AS at FROM item INDEXED BY item_retry
WHERE state = 'queued' AND retry_at_usec IS NOT NULL;

-- name: job_started
UPDATE job SET started_at_usec = :now, revision = revision + 1 WHERE id = :id AND started_at_usec IS NULL;

-- name: job_waits_again
UPDATE job SET started_at_usec = NULL, revision = revision + 1
WHERE id = :id AND running = 0 AND completed + skipped + failed + canceled = 0;

-- name: job_ended
UPDATE job SET ended_at_usec = :now, revision = revision + 1
WHERE id = :id AND queued = 0 AND running = 0 AND ended_at_usec IS NULL;

-- name: job_first_failure
UPDATE job SET failure = coalesce(failure, :failure) WHERE id = :id;

-- name: record_intent
UPDATE item SET intent = :intent WHERE id = :id AND state = 'running' AND fence = :fence RETURNING id;

-- name: end_item
UPDATE item SET state = :state, failure = :failure, intent = NULL, ended_at_usec = :now
WHERE id = :id AND state = 'running' AND fence = :fence
RETURNING *;

-- name: put_back_item
UPDATE item SET
    state = 'queued', attempt = max(0, attempt - :refund), retry_at_usec = :retry_at_usec, failure = :failure,
    fence = NULL, boot = NULL, intent = NULL, started_at_usec = NULL,
    held = (SELECT paused FROM job WHERE job.id = item.job_id),
    priority = (SELECT job.priority FROM job WHERE job.id = item.job_id)
WHERE id = :id AND state = 'running' AND fence = :fence
RETURNING *;

-- name: cancel_queued_item
UPDATE item SET state = 'canceled', failure = :failure, ended_at_usec = :now
WHERE id = :id AND state = 'queued'
RETURNING *;

-- name: running_items
SELECT * FROM item INDEXED BY item_running WHERE state = 'running' ORDER BY fence;

-- name: item_by_id
SELECT * FROM item WHERE id = :id;

-- name: items_page_apart
SELECT * FROM item INDEXED BY item_apart
WHERE job_id = :job_id AND id > :after AND state IN ('skipped', 'failed', 'canceled')
  AND state IN (SELECT value FROM json_each(:states))
ORDER BY id LIMIT :limit;

-- name: items_page
SELECT * FROM item
WHERE job_id = :job_id AND id > :after
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
ORDER BY id LIMIT :limit;

-- name: running_item_of_job
SELECT * FROM item INDEXED BY item_running WHERE state = 'running' AND job_id = :job_id
ORDER BY fence LIMIT 1;

-- name: job_by_id
SELECT * FROM job_status WHERE id = :id;

-- name: jobs_page
SELECT * FROM job_status
WHERE id < :before
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
  AND (:session_ids IS NULL OR session_id IN (SELECT value FROM json_each(:session_ids)))
  AND (:creators IS NULL OR creator IN (SELECT value FROM json_each(:creators)))
  AND (:creator_uid IS NULL OR creator_uid = :creator_uid)
  AND (:created_after IS NULL OR created_at_usec >= :created_after)
  AND (:created_before IS NULL OR created_at_usec < :created_before)
ORDER BY id DESC LIMIT :limit;

-- name: jobs_page_busy
SELECT * FROM job_status
WHERE ended_at_usec IS NULL AND (started_at_usec IS NOT NULL OR paused = 1 OR canceling = 1) AND id < :before
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
  AND (:session_ids IS NULL OR session_id IN (SELECT value FROM json_each(:session_ids)))
  AND (:creators IS NULL OR creator IN (SELECT value FROM json_each(:creators)))
  AND (:creator_uid IS NULL OR creator_uid = :creator_uid)
  AND (:created_after IS NULL OR created_at_usec >= :created_after)
  AND (:created_before IS NULL OR created_at_usec < :created_before)
ORDER BY id DESC LIMIT :limit;

-- name: jobs_page_live
SELECT * FROM job_status
WHERE ended_at_usec IS NULL AND id < :before
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
  AND (:session_ids IS NULL OR session_id IN (SELECT value FROM json_each(:session_ids)))
  AND (:creators IS NULL OR creator IN (SELECT value FROM json_each(:creators)))
  AND (:creator_uid IS NULL OR creator_uid = :creator_uid)
  AND (:created_after IS NULL OR created_at_usec >= :created_after)
  AND (:created_before IS NULL OR created_at_usec < :created_before)
ORDER BY id DESC LIMIT :limit;

-- name: jobs_page_failed
SELECT * FROM job_status
WHERE ended_at_usec IS NOT NULL AND canceling = 0 AND failed > 0 AND id < :before
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
  AND (:session_ids IS NULL OR session_id IN (SELECT value FROM json_each(:session_ids)))
  AND (:creators IS NULL OR creator IN (SELECT value FROM json_each(:creators)))
  AND (:creator_uid IS NULL OR creator_uid = :creator_uid)
  AND (:created_after IS NULL OR created_at_usec >= :created_after)
  AND (:created_before IS NULL OR created_at_usec < :created_before)
ORDER BY id DESC LIMIT :limit;

-- name: jobs_page_canceled
SELECT * FROM job_status
WHERE ended_at_usec IS NOT NULL AND (canceling = 1 OR (failed = 0 AND canceled > 0)) AND id < :before
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
  AND (:session_ids IS NULL OR session_id IN (SELECT value FROM json_each(:session_ids)))
  AND (:creators IS NULL OR creator IN (SELECT value FROM json_each(:creators)))
  AND (:creator_uid IS NULL OR creator_uid = :creator_uid)
  AND (:created_after IS NULL OR created_at_usec >= :created_after)
  AND (:created_before IS NULL OR created_at_usec < :created_before)
ORDER BY id DESC LIMIT :limit;

-- name: jobs_page_completed
SELECT * FROM job_status
WHERE ended_at_usec IS NOT NULL AND canceling = 0 AND failed = 0 AND canceled = 0 AND id < :before
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
  AND (:session_ids IS NULL OR session_id IN (SELECT value FROM json_each(:session_ids)))
  AND (:creators IS NULL OR creator IN (SELECT value FROM json_each(:creators)))
  AND (:creator_uid IS NULL OR creator_uid = :creator_uid)
  AND (:created_after IS NULL OR created_at_usec >= :created_after)
  AND (:created_before IS NULL OR created_at_usec < :created_before)
ORDER BY id DESC LIMIT :limit;

-- name: jobs_page_of_session
SELECT * FROM job_status
WHERE session_id = :one AND id < :before
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
  AND (:session_ids IS NULL OR session_id IN (SELECT value FROM json_each(:session_ids)))
  AND (:creators IS NULL OR creator IN (SELECT value FROM json_each(:creators)))
  AND (:creator_uid IS NULL OR creator_uid = :creator_uid)
  AND (:created_after IS NULL OR created_at_usec >= :created_after)
  AND (:created_before IS NULL OR created_at_usec < :created_before)
ORDER BY id DESC LIMIT :limit;

-- name: jobs_page_of_kind
SELECT * FROM job_status
WHERE kind = :one AND id < :before
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
  AND (:session_ids IS NULL OR session_id IN (SELECT value FROM json_each(:session_ids)))
  AND (:creators IS NULL OR creator IN (SELECT value FROM json_each(:creators)))
  AND (:creator_uid IS NULL OR creator_uid = :creator_uid)
  AND (:created_after IS NULL OR created_at_usec >= :created_after)
  AND (:created_before IS NULL OR created_at_usec < :created_before)
ORDER BY id DESC LIMIT :limit;

-- name: jobs_page_of_creator
SELECT * FROM job_status
WHERE creator = :one AND id < :before
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
  AND (:session_ids IS NULL OR session_id IN (SELECT value FROM json_each(:session_ids)))
  AND (:creators IS NULL OR creator IN (SELECT value FROM json_each(:creators)))
  AND (:creator_uid IS NULL OR creator_uid = :creator_uid)
  AND (:created_after IS NULL OR created_at_usec >= :created_after)
  AND (:created_before IS NULL OR created_at_usec < :created_before)
ORDER BY id DESC LIMIT :limit;

-- name: jobs_page_of_creator_uid
SELECT * FROM job_status
WHERE creator_uid = :one AND id < :before
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
  AND (:session_ids IS NULL OR session_id IN (SELECT value FROM json_each(:session_ids)))
  AND (:creators IS NULL OR creator IN (SELECT value FROM json_each(:creators)))
  AND (:creator_uid IS NULL OR creator_uid = :creator_uid)
  AND (:created_after IS NULL OR created_at_usec >= :created_after)
  AND (:created_before IS NULL OR created_at_usec < :created_before)
ORDER BY id DESC LIMIT :limit;

-- name: waiting_jobs_page
SELECT * FROM job_status
WHERE ended_at_usec IS NULL AND started_at_usec IS NULL
  AND (priority, turn, position, id) > (:priority, :turn, :position, :after)
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
  AND (:session_ids IS NULL OR session_id IN (SELECT value FROM json_each(:session_ids)))
  AND (:creators IS NULL OR creator IN (SELECT value FROM json_each(:creators)))
  AND (:creator_uid IS NULL OR creator_uid = :creator_uid)
  AND (:created_after IS NULL OR created_at_usec >= :created_after)
  AND (:created_before IS NULL OR created_at_usec < :created_before)
ORDER BY priority, turn, position, id LIMIT :limit;

-- name: count_waiting_between
SELECT count(*) AS jobs FROM job INDEXED BY job_waiting
WHERE ended_at_usec IS NULL AND started_at_usec IS NULL
  AND (priority, turn, position, id) >= (:from_priority, :from_turn, :from_position, :from_id)
  AND (priority, turn, position, id) < (:priority, :turn, :position, :id);

-- name: queue_totals
SELECT * FROM tally;

-- name: photo_totals
SELECT
    coalesce(sum(failed), 0) AS failed, coalesce(sum(canceled), 0) AS canceled,
    coalesce(sum(pending), 0) AS pending, coalesce(sum(aged), 0) AS aged, coalesce(sum(photos), 0) AS photos
FROM session;
