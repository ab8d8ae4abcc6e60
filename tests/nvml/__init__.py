"""A fake of NVIDIA's driver: a library for the real pynvml, controlled by a state file."""
