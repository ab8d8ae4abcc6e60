"""Benchmarks: what FrUCToSA costs, compared with its peers in the same run."""
