"""From pages to points: the hot path."""
