"""darkroom: talk to darkroomd, the daemon that develops RAW photos in the background."""
