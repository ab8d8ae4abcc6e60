"""GPUs of a node: temperatures, clocks and throttling."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, GPU_FAULTS
from .series import node_gpus

_THROTTLED = "throttled_seconds_total"

TEMPERATURES = line_graph(
    "GPU temperatures",
    "Temperature of each GPU, and the lowest at which one slows down.",
    "celsius",
    (node_gpus("temperature_celsius"), "GPU {gpu}"),
    (node_gpus("temperature_threshold_celsius", threshold="slowdown").min(), "slows down"),
    minimum=None,
)
THROTTLED = line_graph(
    "GPUs throttled",
    "Share of time in which heat, or too little power from outside, held the clocks of each GPU "
    "back.",
    "percentunit",
    (node_gpus(_THROTTLED, reason=GPU_FAULTS).rate().max("gpu"), "GPU {gpu}"),
)

GPU_TEMPERATURES = Row(
    "GPUs of $node: heat and clocks",
    (
        TEMPERATURES,
        line_graph(
            "GPU memory temperatures",
            "Temperature of each GPU's memory, and the lowest at which one slows down.",
            "celsius",
            (node_gpus("memory_temperature_celsius"), "GPU {gpu}"),
            (
                node_gpus("temperature_threshold_celsius", threshold="memory_max").min(),
                "slows down",
            ),
            minimum=None,
        ),
        line_graph(
            "Degrees left",
            "How much hotter each GPU may get before it slows down, where the driver tells it.",
            "celsius",
            (node_gpus("temperature_margin_celsius"), "GPU {gpu}"),
        ),
        line_graph(
            "GPU fans",
            "Share of the highest speed that fans were told to have.",
            "percentunit",
            (node_gpus("fan_speed_ratio", fan=ANY), "GPU {gpu} fan {fan}"),
        ),
        line_graph(
            "SM clocks",
            "Clock of each GPU's processors, and the highest that one can have.",
            "hertz",
            (node_gpus("clock_hertz", clock="sm"), "GPU {gpu}"),
            (node_gpus("clock_max_hertz", clock="sm").max(), "highest"),
        ),
        line_graph(
            "GPU memory clocks",
            "Clock of each GPU's memory, and the highest that one can have.",
            "hertz",
            (node_gpus("clock_hertz", clock="memory"), "GPU {gpu}"),
            (node_gpus("clock_max_hertz", clock="memory").max(), "highest"),
        ),
        line_graph(
            "What sets the clocks",
            "How many GPUs have their clocks set by it. Faults are hw_slowdown, hw_thermal, "
            "hw_power_brake and sw_thermal; sw_power_cap is usual under load.",
            "short",
            (node_gpus("clocks_event", reason=ANY).sum("reason"), "{reason}"),
        ),
        THROTTLED,
        line_graph(
            "What throttles GPUs",
            "Share of time in which clocks were held back, of all GPUs together: two that always "
            "are make 200 %.",
            "percentunit",
            (node_gpus(_THROTTLED, reason=ANY).rate().sum("reason"), "{reason}"),
        ),
        line_graph(
            "P-states",
            "State of each GPU: 0 is the fastest, 15 the slowest.",
            "short",
            (node_gpus("performance_state"), "GPU {gpu}"),
        ),
    ),
    collapsed_in=COLLAPSED,
)
