"""The client of a running lmaster."""
