"""The whole system for an hour, its parts restarted all the while, its points counted."""
