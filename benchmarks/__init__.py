"""Benchmarks: what FrUCToSA costs, beside what its peers cost in the same run."""
