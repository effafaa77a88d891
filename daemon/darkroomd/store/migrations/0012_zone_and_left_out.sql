-- What the camera's clock was ahead of UTC; null where the file does not tell, or was not asked yet.
ALTER TABLE photo ADD COLUMN zone_minutes INTEGER;

-- Keys of adjustments that are honoured, but could not be for this picture.
ALTER TABLE photo ADD COLUMN left_out TEXT NOT NULL DEFAULT '[]';
