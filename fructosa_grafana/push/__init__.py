"""Push dashboards to a running Grafana over its HTTP API."""
