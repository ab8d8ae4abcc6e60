"""Alerts and recording rules: their declarations, Prometheus' rule files and docs/alerting.md."""
