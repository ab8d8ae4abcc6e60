"""Honest and hostile nodes and clients around one lmaster: what the hostile ones can cost."""
