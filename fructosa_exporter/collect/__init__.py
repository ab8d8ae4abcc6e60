"""Reads sensors: which ones, when, and what happens if one fails or hangs."""
