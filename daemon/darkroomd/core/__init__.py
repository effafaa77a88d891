"""Every decision of the daemon, without a clock, a disk, a socket or a thread."""
