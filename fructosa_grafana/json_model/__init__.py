"""The JSON model of a dashboard, as Grafana loads it."""
