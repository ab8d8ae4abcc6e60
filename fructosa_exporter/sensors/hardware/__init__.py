"""Hardware: temperatures, fans, energy and memory errors."""
