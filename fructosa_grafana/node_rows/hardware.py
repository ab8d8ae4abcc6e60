"""Power, temperatures, fans and battery."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import Line, line_graph
from ..queries.expressions import ANY, node


def _chip(metric: str, legend: str) -> Line:
    found = node(metric, chip=ANY, sensor=ANY, label=ANY)
    return found, f"{{chip}} {{sensor}} {{label}}{legend}"


HARDWARE = Row(
    "Power and temperatures",
    (
        line_graph(
            "Power",
            "Power draw of each zone. A package includes its cores, but not the memory.",
            "watt",
            (node("fructosa_energy_joules_total", zone=ANY, name=ANY).rate(), "{zone} {name}"),
            (
                node("fructosa_energy_power_limit_watts", zone=ANY, name=ANY),
                "{zone} {name} limit",
            ),
        ),
        line_graph(
            "Temperatures",
            "Temperatures of chips, and their high and critical limits, if declared.",
            "celsius",
            _chip("fructosa_temperature_celsius", ""),
            _chip("fructosa_temperature_high_celsius", " high"),
            _chip("fructosa_temperature_critical_celsius", " critical"),
            minimum=None,
        ),
        line_graph("Fans", "Speed of each fan.", "rotrpm", _chip("fructosa_fan_speed_rpm", "")),
        line_graph(
            "Battery",
            "Charge of each battery, and whether the node is on mains power.",
            "percentunit",
            (node("fructosa_battery_charge_ratio", battery=ANY), "{battery} charge"),
            (node("fructosa_battery_power_plugged"), "plugged in"),
        ),
        line_graph(
            "Battery time left",
            "Time until each battery is empty. While it charges, there is no data.",
            "s",
            (node("fructosa_battery_remaining_seconds", battery=ANY), "{battery} left"),
        ),
    ),
    collapsed_in=COLLAPSED,
)
