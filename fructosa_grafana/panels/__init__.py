"""Declarations of panels, rows and dashboards, which know nothing of JSON."""
