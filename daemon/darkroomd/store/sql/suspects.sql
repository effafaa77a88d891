-- name: suspects
SELECT * FROM item INDEXED BY item_suspect WHERE state = 'queued' AND deaths > 0 ORDER BY id;

-- name: count_death
UPDATE item SET deaths = deaths + 1 WHERE id = :id AND state = 'running' AND fence = :fence RETURNING id;

-- name: sit_out
UPDATE item SET retry_at_usec = :retry_at_usec WHERE id = :id AND state = 'queued' RETURNING *;
