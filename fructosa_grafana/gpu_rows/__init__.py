"""Rows on GPUs, of all nodes and of one node, by subject."""
