"""The client of a running lmaster, for commands."""
