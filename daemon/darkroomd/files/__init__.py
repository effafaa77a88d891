"""Effects on disk. Everything here blocks: services call it from threads."""
