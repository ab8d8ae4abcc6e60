"""Which sensors are read, when, and what a failure costs."""
