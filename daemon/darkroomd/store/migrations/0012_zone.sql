-- What the camera's clock was ahead of UTC; null where the file does not tell, or was not asked yet.

ALTER TABLE photo ADD COLUMN zone_minutes INTEGER;
