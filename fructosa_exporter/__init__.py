"""lagent: serves the readings of one node as a page of metrics."""
