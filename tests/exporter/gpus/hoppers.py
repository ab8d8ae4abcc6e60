"""What tests of GPM share: GPUs like H100, and what they tell."""

# NVML_GPM_METRIC_*, and what the sensor makes of each.
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


def reading(node):
    """Return what the sensor tells, of which reading after reading can be had."""
    sensor = node.sensor("GPUActivity")
    return lambda: node.told(sensor)


def of(gpu, told):
    """Return what was told of one GPU."""
    return {(key[0], *key[3:]): value for key, value in told.items() if key[1] == str(gpu)}


def samples(node):
    """Return how many samples NVML has made, and how many it got back."""
    return [node.calls(function) for function in SAMPLES]
