"""Grafana dashboards, alerts and recording rules, generated from one declaration each."""
