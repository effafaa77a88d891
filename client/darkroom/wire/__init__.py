"""Varlink (UAPI.20) over a byte stream, without I/O: frames, messages and whose turn it is."""
