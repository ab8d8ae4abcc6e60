"""Renders readings as the text of a page of metrics. Pure."""
