"""Rows of panels on GPUs, of all nodes and of one node: a module for each subject."""
