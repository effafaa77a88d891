"""What each method does: a file per noun."""
