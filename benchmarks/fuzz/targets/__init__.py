"""What is fuzzed, in a module for each kind of writer."""
