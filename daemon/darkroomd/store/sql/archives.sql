-- name: archive_candidates
SELECT
    id, name, state, aged, fingerprint, captured_at_usec, corrected_at_usec, zone_minutes,
    (SELECT coalesce(sum(size_bytes), 0) FROM output WHERE output.photo_id = photo.id) AS output_bytes
FROM photo WHERE session_id = :session_id AND discarded_by IS NULL;

-- name: sessions_there
SELECT id FROM session WHERE id IN (SELECT value FROM json_each(:session_ids));

-- name: archived_elsewhere
SELECT item.photo_id, item.job_id
FROM json_each(:photo_ids) AS wanted CROSS JOIN item INDEXED BY item_live
WHERE item.photo_id = wanted.value AND item.recipe = :recipe AND item.state IN ('queued', 'running');

-- name: insert_archive
INSERT INTO archive (job_id, destination, contents, partial) VALUES (:job_id, :destination, :contents, :partial);

-- name: archive_of_job
SELECT * FROM archive WHERE job_id = :job_id;

-- name: insert_archive_item
-- A size of nothing: how long photos take to develop says nothing of how long they take to copy.
INSERT INTO item (
    job_id, photo_id, session_id, recipe, state, priority, turn, held, correlation_id, pixels, failure, ended_at_usec
) VALUES (
    :job_id, :photo_id, :session_id, :recipe, :state, :priority, :turn, 1, :correlation_id, 0, :failure,
    CASE WHEN :state = 'queued' THEN NULL ELSE :now END
);

-- name: count_archive_items
UPDATE job SET
    queued = job.queued + fresh.queued, skipped = job.skipped + fresh.skipped, failed = job.failed + fresh.failed,
    canceled = job.canceled + fresh.canceled, sized = job.sized + fresh.queued
FROM (
    SELECT
        coalesce(sum(state = 'queued'), 0) AS queued, coalesce(sum(state = 'skipped'), 0) AS skipped,
        coalesce(sum(state = 'failed'), 0) AS failed, coalesce(sum(state = 'canceled'), 0) AS canceled
    FROM item WHERE job_id = :job_id AND id > :after
) AS fresh
WHERE job.id = :job_id;

-- name: complete_archive
UPDATE archive SET complete = 1 WHERE job_id = :job_id;

-- name: archives_begun
SELECT job_id FROM archive INDEXED BY archive_begun WHERE complete = 0;

-- name: forget_asked_job
DELETE FROM asked WHERE job_id = :job_id;

-- name: archive_photos
SELECT id, photo_id, state FROM item INDEXED BY item_of_job WHERE job_id = :job_id AND id > :after
ORDER BY id LIMIT :limit;

-- name: archive_items_open
SELECT id FROM item INDEXED BY item_of_job
WHERE job_id = :job_id AND session_id = :session_id AND state IN ('queued', 'running');

-- name: put_archived_file
INSERT INTO archived_file (item_id, path, sha256, listed) VALUES (:item_id, :path, :sha256, :listed)
ON CONFLICT (item_id, path) DO UPDATE SET
    listed = max(excluded.listed, archived_file.listed * (archived_file.sha256 = excluded.sha256)),
    sha256 = excluded.sha256;

-- name: unlisted_files
SELECT archived_file.item_id, archived_file.path, archived_file.sha256
FROM item INDEXED BY item_of_job JOIN archived_file ON archived_file.item_id = item.id
WHERE item.job_id = :job_id AND item.session_id = :session_id AND archived_file.listed = 0;

-- name: sessions_unlisted
SELECT DISTINCT item.job_id, item.session_id, archive.destination
FROM archived_file INDEXED BY archived_unlisted
JOIN item ON item.id = archived_file.item_id
JOIN job ON job.id = item.job_id
JOIN archive ON archive.job_id = item.job_id
WHERE archived_file.listed = 0 AND job.ended_at_usec IS NOT NULL;

-- name: mark_listed
UPDATE archived_file SET listed = 1 WHERE item_id = :item_id AND path = :path AND sha256 = :sha256;

-- name: some_archived_files
SELECT archived_file.path
FROM item INDEXED BY item_of_job JOIN archived_file ON archived_file.item_id = item.id
WHERE item.job_id = :job_id LIMIT :limit;

-- name: archived_by_done
SELECT archived_file.path
FROM item INDEXED BY item_of_job JOIN archived_file ON archived_file.item_id = item.id
WHERE item.job_id = :job_id AND item.state IN ('completed', 'skipped');

-- name: note_dead_fence
UPDATE archive SET dead_fences = json_insert(dead_fences, '$[#]', :fence) WHERE job_id = :job_id;

-- name: forget_dead_fences
UPDATE archive SET dead_fences = '[]' WHERE job_id = :job_id AND dead_fences = :dead_fences;

-- name: archives_unswept
SELECT archive.* FROM archive INDEXED BY archive_unswept JOIN job ON job.id = archive.job_id
WHERE archive.dead_fences <> '[]' AND job.ended_at_usec IS NOT NULL;
