"""Reads sensors and supplies of the hardware below /sys, file by file, each by its own name."""
