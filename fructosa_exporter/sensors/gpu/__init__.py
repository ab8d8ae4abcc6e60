"""GPUs of any vendor."""
