"""A driver of NVIDIA that is none: a library for the real pynvml, driven by a state file."""
