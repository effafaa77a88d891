"""Development of one RAW file, in a process of its own."""
