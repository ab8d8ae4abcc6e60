"""Setup of carbon: rules for its Whisper files, and a check whether its limits suffice."""
