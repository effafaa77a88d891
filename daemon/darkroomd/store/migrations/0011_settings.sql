-- A setting that is always there, so that it shows when the others are lost.

INSERT INTO setting (name, value) VALUES ('settings.kept', 'true');
