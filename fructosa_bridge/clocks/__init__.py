"""Clocks that are set: steps of the wall clock, and when it can be believed again."""
