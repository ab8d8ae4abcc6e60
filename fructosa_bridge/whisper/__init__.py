"""The embedded store: Whisper files, as Graphite reads them."""
