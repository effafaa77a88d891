-- name: developed_outputs
SELECT photo.name, output.path, output.size_bytes
FROM photo JOIN output ON output.photo_id = photo.id AND output.recipe = :recipe
WHERE photo.session_id = :session_id AND photo.state = 'developed'

-- name: output_by_id
SELECT output.*, session.folder AS session_folder
FROM output
JOIN photo ON photo.id = output.photo_id
JOIN session ON session.id = photo.session_id
WHERE output.id = :id;
