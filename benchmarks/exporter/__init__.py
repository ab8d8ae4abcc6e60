"""Benchmarks of lagent, compared with Debian's prometheus-node-exporter in the same run."""
