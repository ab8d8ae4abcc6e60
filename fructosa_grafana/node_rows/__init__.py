"""Rows on one node, by subject."""
