"""What others could have prepared: folders that they can change, text that they wrote."""
