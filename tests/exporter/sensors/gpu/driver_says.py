"""What the fake driver of NVIDIA says, in the units of the metrics."""

from tests.nvml.driver import GPU, Growing


def said(gpu: GPU, function, place=0):
    """Return the number that a function of the driver answers."""
    value = gpu.answers[f"nvmlDeviceGet{function}", place]
    return value.value if isinstance(value, Growing) else value


def field(gpu: GPU, number, scope=0):
    """Return the number that a field has."""
    value = gpu.fields[number, scope]
    return value.value if isinstance(value, Growing) else value


def of_all(node, expected):
    """Return what a sensor is to tell of all GPUs, each as *expected* has it of one."""
    return {
        (quantity[0], str(index), gpu.uuid, *quantity[1:]): value
        for index, gpu in enumerate(node.gpus)
        for quantity, value in expected(gpu).items()
    }


def assert_told(node, name, expected):
    """Assert that a sensor tells each sample of each GPU, and none besides.

    So it is however often it is read. Of field values what is not supported is asked once; then
    the same array is used again, and some drivers add to what they find in it.
    """
    told = of_all(node, expected)

    for _ in range(4):
        assert told == node.values(name)
