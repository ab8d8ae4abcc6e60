"""The whole system for an hour, with restarts of its parts; all points are counted."""
