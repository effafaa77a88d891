"""The durable queue and catalogue: the only user of SQLite."""
