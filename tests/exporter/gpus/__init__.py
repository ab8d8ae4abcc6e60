"""GPUs: what is pure without a library, and all sensors over the real pynvml and a fake driver."""
