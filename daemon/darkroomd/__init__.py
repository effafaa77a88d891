"""The daemon that develops camera RAW files in the background."""
