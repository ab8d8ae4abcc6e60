"""Queries: declared once, rendered for Graphite and for Prometheus."""
