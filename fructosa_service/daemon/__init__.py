"""Daemons: start, stop, restart and status, pid files, privileges."""
