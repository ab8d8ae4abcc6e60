"""Benchmarks of lmaster."""
