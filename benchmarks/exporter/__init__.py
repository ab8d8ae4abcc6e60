"""lagent beside Debian's prometheus-node-exporter, on one machine and in one run."""
