"""What people look at: Grafana dashboards and alerts, each from one declaration."""
