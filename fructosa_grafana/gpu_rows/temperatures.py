"""GPUs of a node: temperatures, clocks and throttling."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, GPU_FAULTS
from .series import node_gpus

_THROTTLED = "throttled_seconds_total"

TEMPERATURES = line_graph(
    "GPU temperatures",
    "Temperature of each GPU, and the lowest temperature at which one of them slows down.",
    "celsius",
    (node_gpus("temperature_celsius"), "GPU {gpu}"),
    (node_gpus("temperature_threshold_celsius", threshold="slowdown").min(), "slowdown"),
    minimum=None,
)
THROTTLED = line_graph(
    "Throttled GPUs",
    "Share of time in which heat, or too little external power, lowered the clocks of each GPU.",
    "percentunit",
    (node_gpus(_THROTTLED, reason=GPU_FAULTS).rate().max("gpu"), "GPU {gpu}"),
)

GPU_TEMPERATURES = Row(
    "GPUs of $node: temperatures and clocks",
    (
        TEMPERATURES,
        line_graph(
            "GPU memory temperatures",
            "Memory temperature of each GPU, and the lowest temperature at which one of them slows "
            "down.",
            "celsius",
            (node_gpus("memory_temperature_celsius"), "GPU {gpu}"),
            (
                node_gpus("temperature_threshold_celsius", threshold="memory_max").min(),
                "slowdown",
            ),
            minimum=None,
        ),
        line_graph(
            "GPU temperature margin",
            "How much hotter each GPU may get before it slows down, if the driver reports it.",
            "celsius",
            (node_gpus("temperature_margin_celsius"), "GPU {gpu}"),
        ),
        line_graph(
            "GPU fans",
            "Requested fan speed, as a share of the highest.",
            "percentunit",
            (node_gpus("fan_speed_ratio", fan=ANY), "GPU {gpu} fan {fan}"),
        ),
        line_graph(
            "SM clocks",
            "Clock of each GPU's multiprocessors, and the highest possible clock.",
            "hertz",
            (node_gpus("clock_hertz", clock="sm"), "GPU {gpu}"),
            (node_gpus("clock_max_hertz", clock="sm").max(), "highest"),
        ),
        line_graph(
            "GPU memory clocks",
            "Clock of each GPU's memory, and the highest possible clock.",
            "hertz",
            (node_gpus("clock_hertz", clock="memory"), "GPU {gpu}"),
            (node_gpus("clock_max_hertz", clock="memory").max(), "highest"),
        ),
        line_graph(
            "Reasons for the clocks",
            "Number of GPUs whose clocks are set for each reason. hw_slowdown, hw_thermal, "
            "hw_power_brake and sw_thermal are faults. sw_power_cap is normal under load.",
            "short",
            (node_gpus("clocks_event", reason=ANY).sum("reason"), "{reason}"),
        ),
        THROTTLED,
        line_graph(
            "Reasons for throttling",
            "Share of time in which clocks were lowered, summed over all GPUs: two GPUs that are "
            "always throttled make 200 %.",
            "percentunit",
            (node_gpus(_THROTTLED, reason=ANY).rate().sum("reason"), "{reason}"),
        ),
        line_graph(
            "P-states",
            "Performance state of each GPU: 0 is the fastest, 15 the slowest.",
            "short",
            (node_gpus("performance_state"), "GPU {gpu}"),
        ),
    ),
    collapsed_in=COLLAPSED,
)
