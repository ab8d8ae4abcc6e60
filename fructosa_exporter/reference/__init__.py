"""Documentation of the sensors, generated from their declarations. Pure."""
