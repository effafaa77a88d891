"""Small stand-ins for tests."""
