-- name: session_sums
SELECT
    count(*) AS sessions, coalesce(sum(developed), 0) AS developed, coalesce(sum(pending), 0) AS pending,
    coalesce(sum(failed), 0) AS failed, coalesce(sum(canceled), 0) AS canceled,
    coalesce(sum(aged), 0) AS outdated, coalesce(sum(discarded), 0) AS discarded
FROM session;

-- name: live_shares
SELECT id, priority, queued, running FROM job WHERE ended_at_usec IS NULL;
