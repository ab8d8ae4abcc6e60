"""The HTTP server of lmaster: status pages, JSON API, plots, metrics, service discovery."""
