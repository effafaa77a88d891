-- Whoever asks for the log of a photo asks by its correlation ID.
CREATE INDEX photo_of_story ON photo (correlation_id);
