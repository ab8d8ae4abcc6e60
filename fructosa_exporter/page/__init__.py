"""Readings into the text of the page. Pure."""
