"""The daemon's socket: listening, answering calls, telling watchers."""
