"""NVIDIA's GPUs, by way of NVML."""
