"""What each command asks the daemon and how its answer reads; a file per command."""
