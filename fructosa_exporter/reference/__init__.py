"""What the sensors are, as text made from their declarations. Pure."""
