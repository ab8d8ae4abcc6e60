"""Network interfaces and fabrics."""
