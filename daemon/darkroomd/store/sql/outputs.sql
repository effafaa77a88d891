-- name: developed_outputs
SELECT photo.name, output.path
FROM photo JOIN output ON output.photo_id = photo.id AND output.recipe = :recipe
WHERE photo.session_id = :session_id AND photo.state = 'developed'
