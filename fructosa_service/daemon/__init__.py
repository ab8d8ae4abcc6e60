"""Daemons: start, stop, status, pid files, privileges."""
