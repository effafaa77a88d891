-- name: roots
SELECT * FROM root ORDER BY folder;

-- name: insert_root
INSERT INTO root (id, folder, created_at_usec) VALUES (:id, :folder, :now) ON CONFLICT DO NOTHING RETURNING *;

-- name: delete_root
DELETE FROM root WHERE id = :id;

-- name: added_sessions
SELECT * FROM session WHERE added = 1 ORDER BY folder;

-- name: mark_added
UPDATE session SET added = 1 WHERE id = :id;

-- name: session_identity
SELECT identity FROM session WHERE id = :id;

-- name: set_session_identity
UPDATE session SET identity = :identity, inode = :inode WHERE id = :id;

-- name: sessions_at_inode
SELECT * FROM session WHERE inode = :inode ORDER BY changed_at_usec DESC;

-- name: move_session
UPDATE session SET folder = :folder, name = :name, changed_at_usec = :now, revision = revision + 1
WHERE id = :id;

-- name: move_outputs
-- Joined bytes are text to SQLite, whatever they were; nothing is converted on the way.
UPDATE output SET path = CAST(:new || substr(path, length(:old) + 1) AS BLOB)
WHERE photo_id IN (SELECT id FROM photo WHERE session_id = :session_id)
  AND substr(path, 1, length(:old) + 1) = CAST(:old || '/' AS BLOB);

-- name: forgotten
SELECT * FROM forgotten;

-- name: forget_folder
INSERT INTO forgotten (folder, identity) VALUES (:folder, :identity)
ON CONFLICT (folder) DO UPDATE SET identity = excluded.identity;

-- name: remember_folder
DELETE FROM forgotten WHERE folder = :folder;

-- name: live_jobs_of_session
SELECT id FROM job INDEXED BY job_live
WHERE ended_at_usec IS NULL
  AND (
      session_id = :session_id
      OR (
          session_id IS NULL
          AND EXISTS (
              SELECT 1 FROM item
              WHERE item.job_id = job.id AND item.session_id = :session_id
                AND item.state IN ('queued', 'running')
          )
      )
  )
ORDER BY id;

-- name: jobs_of_session
SELECT id FROM job INDEXED BY job_of_session WHERE session_id = :session_id ORDER BY id;

-- name: delete_items_of_session
DELETE FROM item WHERE photo_id IN (SELECT id FROM photo WHERE session_id = :session_id);

-- name: delete_jobs_of_session
DELETE FROM job WHERE session_id = :session_id;

-- name: delete_outputs_of_session
DELETE FROM output WHERE photo_id IN (SELECT id FROM photo WHERE session_id = :session_id);

-- name: forget_photo_facts
DELETE FROM journal
WHERE photo_id IN (SELECT id FROM photo WHERE session_id = :session_id)
  AND sequence < (SELECT max(sequence) FROM journal);

-- name: delete_photos_of_session
DELETE FROM photo WHERE session_id = :session_id;

-- name: delete_lanes_of_session
DELETE FROM lane WHERE session_id = :session_id;

-- name: delete_session
DELETE FROM session WHERE id = :session_id;

-- name: job_asked_for
SELECT job_id, items FROM asked WHERE uid = :uid AND key = :key AND at_usec >= :since;

-- name: note_asked
INSERT INTO asked (uid, key, job_id, items, at_usec) VALUES (:uid, :key, :job_id, :items, :now)
ON CONFLICT (uid, key) DO UPDATE SET job_id = excluded.job_id, items = excluded.items, at_usec = excluded.at_usec;

-- name: forget_asked
DELETE FROM asked WHERE at_usec < :before;
