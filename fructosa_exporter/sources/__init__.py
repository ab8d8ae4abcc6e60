"""What sensors read with: files of the kernel, parsed, and calls that may hang."""
