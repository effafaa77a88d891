"""The health report's decisions: measured facts come in, a line of the report comes out."""
