"""lmaster: scrapes many nodes and writes their metrics to Graphite."""
