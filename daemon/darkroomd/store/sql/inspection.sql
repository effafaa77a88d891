-- name: failures_since
SELECT coalesce(json_extract(failure, '$.code'), 'unknown') AS code, count(DISTINCT photo_id) AS photos
FROM item INDEXED BY item_failed_by_time
WHERE state = 'failed' AND ended_at_usec >= :since
GROUP BY code;

-- name: newest_fact_time
SELECT at_usec FROM journal ORDER BY sequence DESC LIMIT 1;

-- name: photos_ahead
SELECT count(*) AS photos
FROM (SELECT captured_at_usec, corrected_at_usec FROM photo ORDER BY seq DESC LIMIT :newest)
WHERE coalesce(corrected_at_usec, captured_at_usec) > :of_usec;
