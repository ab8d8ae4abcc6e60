"""From the queue to destinations: carbon, or the embedded store."""
