"""Values of the fake NVIDIA driver, in the units of the metrics."""

from tests.nvml.driver import GPU, Growing


def answer(gpu: GPU, function, place=0):
    """Return the number that a function of the driver returns."""
    value = gpu.answers[f"nvmlDeviceGet{function}", place]
    return value.value if isinstance(value, Growing) else value


def field(gpu: GPU, number, scope=0):
    """Return the number of a field."""
    value = gpu.fields[number, scope]
    return value.value if isinstance(value, Growing) else value


def for_all_gpus(node, expected):
    """Return the expected values of all GPUs; *expected* returns those of one."""
    return {
        (quantity[0], str(index), gpu.uuid, *quantity[1:]): value
        for index, gpu in enumerate(node.gpus)
        for quantity, value in expected(gpu).items()
    }


def assert_exposed(node, name, expected):
    """Assert that a sensor exposes each sample of each GPU and no other, in repeated readings.

    Unsupported field values are queried once. Then the same array is used again, and some drivers
    add to its content.
    """
    values = for_all_gpus(node, expected)

    for _ in range(4):
        assert values == node.values(name)
