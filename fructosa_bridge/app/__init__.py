"""The running lmaster: its wiring, its reloads, the limits of its process."""
