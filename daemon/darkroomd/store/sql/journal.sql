-- name: append_fact
INSERT INTO journal (at_usec, kind, photo_id, body) VALUES (:at_usec, :kind, :photo_id, :body);

-- name: facts_after
SELECT * FROM journal WHERE sequence > :after ORDER BY sequence LIMIT :limit;

-- name: newest_fact
SELECT coalesce(max(sequence), 0) AS sequence FROM journal;

-- name: oldest_fact
SELECT coalesce(min(sequence), 0) AS sequence FROM journal;

-- name: forget_facts
DELETE FROM journal WHERE sequence <= :upto;

-- name: was_developed
SELECT EXISTS (
    SELECT 1 FROM output JOIN photo ON photo.id = output.photo_id
    WHERE output.photo_id = :photo_id AND output.created_at_usec >= photo.arrived_at_usec
) AS found;

-- name: insert_sample
INSERT INTO sample (
    ended_at_usec, session_id, preset_id, camera, failed, bytes_read, bytes_written, busy_usec, latency_usec,
    pixels
) VALUES (
    :ended_at_usec, :session_id, :preset_id, :camera, :failed, :bytes_read, :bytes_written, :busy_usec,
    :latency_usec, :pixels
);

-- name: samples_between
SELECT sample.*, coalesce(session.name, sample.session_id) AS session_name
FROM sample INDEXED BY sample_by_time LEFT JOIN session ON session.id = sample.session_id
WHERE ended_at_usec >= :since AND ended_at_usec < :until ORDER BY ended_at_usec;

-- name: newest_samples
SELECT sample.*, sample.session_id AS session_name FROM sample INDEXED BY sample_by_time
WHERE ended_at_usec > 0 AND failed = 0 ORDER BY ended_at_usec DESC LIMIT :limit;

-- name: insert_log_line
INSERT INTO log_line (at_usec, level, event, correlation_id, job_id, item_id, fields)
VALUES (:at_usec, :level, :event, :correlation_id, :job_id, :item_id, :fields);

-- name: log_lines_of_story
-- Of a photo also what was done with it under the ID of an export, each arm no further than one page.
WITH told (id) AS (
    SELECT id FROM (
        SELECT id FROM log_line WHERE correlation_id = :correlation_id AND id > :after AND level >= :level
        ORDER BY id LIMIT :limit
    )
    UNION
    SELECT id FROM (
        SELECT log_line.id FROM (
            -- An index of photos by their story would cost each arrival more than this does who asks.
            SELECT item.photo_id FROM log_line JOIN item ON item.id = log_line.item_id
            WHERE log_line.correlation_id = :correlation_id ORDER BY log_line.id LIMIT 1
        ) AS first JOIN photo ON photo.id = first.photo_id
        JOIN item ON item.photo_id = photo.id
        JOIN log_line ON log_line.item_id = item.id AND log_line.id > :after AND log_line.level >= :level
        WHERE photo.correlation_id = :correlation_id ORDER BY log_line.id LIMIT :limit
    )
)
SELECT log_line.* FROM told JOIN log_line USING (id) ORDER BY id LIMIT :limit;

-- name: log_lines_of_job
SELECT * FROM log_line WHERE job_id = :job_id AND id > :after AND level >= :level ORDER BY id LIMIT :limit;

-- name: log_lines_of_item
SELECT * FROM log_line WHERE item_id = :item_id AND id > :after AND level >= :level ORDER BY id LIMIT :limit;
