"""Queries, declared once, in the languages of Graphite and Prometheus."""
