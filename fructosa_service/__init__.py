"""What every daemon of FrUCToSA needs; it knows nothing of metrics."""

__version__ = "1.0.0a1"
