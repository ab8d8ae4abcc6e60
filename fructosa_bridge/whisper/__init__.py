"""The embedded store: Whisper files that Graphite can read."""
