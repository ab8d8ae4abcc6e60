"""Rows of panels on one node: a module for each subject."""
