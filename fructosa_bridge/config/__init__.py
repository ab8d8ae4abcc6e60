"""lmaster.conf: its sections and settings, and the targets they describe."""
