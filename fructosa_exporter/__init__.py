"""lagent: exposes the metrics of one node over HTTP."""
