"""Processors, memory, processes, the clock and the operating system."""
