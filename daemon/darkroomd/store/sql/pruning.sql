-- name: count_items
SELECT count(*) AS items FROM item;

-- name: oldest_ended_job
SELECT id, session_id FROM job INDEXED BY job_ended
WHERE ended_at_usec IS NOT NULL AND ended_at_usec < :before
ORDER BY ended_at_usec, id LIMIT 1;

-- name: any_item_of_job
SELECT id FROM item INDEXED BY item_of_job WHERE job_id = :job_id LIMIT 1;

-- name: prune_items
DELETE FROM item
WHERE id IN (SELECT id FROM item INDEXED BY item_of_job WHERE job_id = :job_id ORDER BY id LIMIT :most)
RETURNING id;

-- name: prune_log_lines
DELETE FROM log_line
WHERE id IN (
    -- The newest one stays: its number must not be given again.
    SELECT id FROM (SELECT id, at_usec FROM log_line ORDER BY id LIMIT :most)
    WHERE (at_usec < :before OR id <= (SELECT max(id) FROM log_line) - :keep)
      AND id < (SELECT max(id) FROM log_line)
)
RETURNING id;

-- name: prune_facts
DELETE FROM journal
WHERE sequence IN (
    SELECT sequence FROM (SELECT sequence, at_usec FROM journal ORDER BY sequence LIMIT :most)
    WHERE (at_usec < :before OR sequence <= (SELECT max(sequence) FROM journal) - :keep)
      AND sequence < (SELECT max(sequence) FROM journal)
)
RETURNING sequence;

-- name: prune_old_samples
DELETE FROM sample
WHERE id IN (SELECT id FROM sample INDEXED BY sample_by_time WHERE ended_at_usec < :before LIMIT :most)
RETURNING id;

-- name: prune_first_samples
DELETE FROM sample
WHERE id IN (SELECT id FROM sample WHERE id <= (SELECT max(id) FROM sample) - :keep ORDER BY id LIMIT :most)
RETURNING id;
