-- name: begin_bulk
INSERT INTO bulk (one) VALUES (1);

-- name: end_bulk
DELETE FROM bulk;

-- name: newest_photo
SELECT coalesce(max(seq), 0) AS seq FROM photo;

-- name: photos_after
SELECT * FROM photo WHERE seq > :after ORDER BY seq;

-- name: count_photos
UPDATE session SET
    photos = photos + :photos, pending = pending + :photos - :discarded, discarded = discarded + :discarded,
    changed_at_usec = :now, revision = revision + :photos
WHERE id = :id;

-- name: newest_item
SELECT coalesce(max(id), 0) AS id FROM item;

-- name: count_queued
UPDATE job SET
    queued = queued + fresh.items, sized = job.sized + fresh.sized,
    sized_pixels = job.sized_pixels + fresh.sized_pixels
FROM (
    SELECT count(*) AS items, count(pixels) AS sized, coalesce(sum(pixels), 0) AS sized_pixels
    FROM item WHERE job_id = :job_id AND id > :after
) AS fresh
WHERE job.id = :job_id;
