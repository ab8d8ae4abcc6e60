"""Helpers for tests of GPM, with GPUs like H100."""

# NVML_GPM_METRIC_* to metrics of the sensor.
METRICS = {
    1: ("graphics_active_ratio",),
    2: ("sm_active_ratio",),
    3: ("sm_occupancy_ratio",),
    5: ("pipe_active_ratio", "tensor"),
    10: ("memory_bandwidth_ratio",),
    11: ("pipe_active_ratio", "fp64"),
    12: ("pipe_active_ratio", "fp32"),
    13: ("pipe_active_ratio", "fp16"),
}


SAMPLES = "nvmlGpmSampleAlloc", "nvmlGpmSampleFree"


def reader(node):
    """Return a function that reads the sensor."""
    sensor = node.sensor("GPUActivity")
    return lambda: node.read(sensor)


def values_of(gpu, found):
    """Return the values of one GPU, without the labels gpu and uuid."""
    return {(key[0], *key[3:]): value for key, value in found.items() if key[1] == str(gpu)}


def samples(node):
    """Return how many samples NVML has allocated and freed."""
    return [node.calls(function) for function in SAMPLES]
