"""Data sources that sensors share: parsed files of the kernel, and calls that may hang."""
