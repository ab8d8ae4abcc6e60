"""From series to Graphite paths, in every naming scheme."""
