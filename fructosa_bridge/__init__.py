"""lmaster: scrapes many nodes and brings what they say into Graphite."""
