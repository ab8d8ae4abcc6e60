"""Carbon's configuration: rules for Whisper files, and whether its limits suffice."""
