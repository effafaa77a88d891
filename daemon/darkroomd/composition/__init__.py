"""The composition: what the daemon is made of, and which part is given to which."""
