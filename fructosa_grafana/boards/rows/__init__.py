"""Rows of the dashboard of a node, a module for each subject."""
