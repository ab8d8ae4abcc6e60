"""The system that the dashboards are tested on serves, and keeps, what they ask for."""

from collections import Counter, defaultdict

import pytest

from fructosa_exporter.metrics import counter, gauge
from fructosa_exporter.page.sensor_state import STATE_METRICS
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sensors import SENSORS, Agent

from ..nvml.driver import eight_gpus
from .recorded_agent import REAL, Growing
from .whole_system import DOWN, MASTER, RECORDED

NODE = next(iter(RECORDED))
# They name people, places and things, and are told by no agent that was not asked to.
PRIVATE = {
    "fructosa_gpu_process_memory_bytes",
    "fructosa_gpu_serial_info",
    "fructosa_network_connection_info",
    "fructosa_user_session_info",
}
DECLARED = [
    *STATE_METRICS,
    *(metric for sensor in (Agent, *SENSORS.values()) for metric in sensor.metrics),
]
NAMES = {metric.name for metric in DECLARED} - PRIVATE
# Of processors they are real, and some modes stand still; an agent may need no time to speak of.
RECORDED_COUNTERS = [
    metric
    for name in SENSORS.keys() - REAL
    for metric in SENSORS[name].metrics
    if metric.type == "counter"
]


def names(page):
    """Return the names of the samples of a page."""
    lines = [line for line in page.splitlines() if not line.startswith("#")]
    return {line.partition(" ")[0].partition("{")[0] for line in lines}


class Standing(Sensor):
    """What stands still."""

    COUNT = counter("fructosa_test_bytes_total", "A count.", "device")
    VALUE = gauge("fructosa_test_bytes", "A value.")

    def samples(self):
        """Yield one of each."""
        yield self.COUNT.sample(7, "sda")
        yield self.VALUE.sample(7)


def test_recorded_counters_grow_and_values_stay():
    """Steadily, by what was said for their unit."""
    now_s = 100.0
    sensor = Growing(Standing(), clock=lambda: now_s)

    first, at_first = (sample.value for sample in sensor.samples())
    now_s += 1
    second, then = (sample.value for sample in sensor.samples())
    now_s += 1
    third, _ = (sample.value for sample in sensor.samples())

    assert (7, 7, 7) == (first, at_first, then)
    assert second - first > 1e6
    assert third - second == pytest.approx(second - first, abs=1)


def test_a_recorded_agent_tells_every_metric_that_is_declared(whole_system):
    """So each panel has something to show."""
    assert set() == NAMES - names(whole_system.pages[NODE])
    assert set() == PRIVATE & names(whole_system.pages[NODE])


def test_promtool_finds_nothing_to_say_about_it(whole_system, promtool):
    """As about any agent."""
    assert (0, "") == promtool(whole_system.pages[NODE])


def test_both_hold_every_metric_of_it(whole_system):
    """Also those that were not there before."""
    paths = whole_system.find(f"{whole_system.prefix}.{whole_system.node(NODE)}.*")
    in_graphite = {path.rpartition(".")[2] for path in paths}
    match = f'{{instance="{whole_system.instance(NODE)}"}}'
    in_prometheus = set(whole_system.label_values(match, "__name__"))

    assert set() == NAMES - in_graphite
    assert set() == NAMES - in_prometheus


def test_graphite_gives_a_rate_of_every_recorded_counter(whole_system):
    """Of each series, and greater than zero."""
    node = f"{whole_system.prefix}.{whole_system.node(NODE)}"
    targets = {
        metric.name: f"perSecond({node}.{'.'.join([metric.name, *'*' * len(metric.labels)])})"
        for metric in RECORDED_COUNTERS
    }
    found = whole_system.render(list(targets.values()))

    assert [] == [path for path, points in found.items() if not max(points.values(), default=0)]
    assert targets.keys() == {path.split(".")[2].rstrip(")") for path in found}


def test_prometheus_gives_a_rate_of_every_recorded_counter(whole_system):
    """As dashboards ask for it."""
    instance = whole_system.instance(NODE)
    rates = {
        metric.name: whole_system.query(f'min(rate({metric.name}{{instance="{instance}"}}[1m]))')
        for metric in RECORDED_COUNTERS
    }

    assert [] == [name for name, found in rates.items() if not found or not found[0][1] > 0]


def test_who_is_down_is_told_by_both(whole_system):
    """Of all others both say that they are up."""
    expected = {host: float(host != DOWN) for host in whole_system.hosts}
    found = whole_system.render(f"{whole_system.prefix}.*.up.*")
    last = {path.split(".")[1]: points[max(points)] for path, points in found.items()}
    up = {labels["instance"]: value for labels, value in whole_system.query("up")}

    assert {whole_system.node(host): value for host, value in expected.items()} == last
    assert {whole_system.instance(host): value for host, value in expected.items()} == up


def test_a_gpu_that_was_lost_is_told_by_both(whole_system):
    """And lmaster counts it among those that there are."""
    prefix = f"{whole_system.prefix}.*.fructosa_cluster_gpus"
    known, up = (whole_system.render(f"{name}.compute") for name in (prefix, f"{prefix}_up"))
    lost = whole_system.query("fructosa_gpu_up == 0")

    assert ["1"] == [labels["gpu"] for labels, _ in lost]
    assert [6.0] == [points[max(points)] for points in known.values()]
    assert [5.0] == [points[max(points)] for points in up.values()]


def test_what_the_driver_says_of_a_gpu_is_in_graphite(whole_system):
    """301.5 W are 301,500 mW in the library, a sample on the page, and a point below its path."""
    said_mw = eight_gpus()[1].answers["nvmlDeviceGetPowerUsage", 0]
    uuid = eight_gpus()[1].uuid
    path = f"{whole_system.prefix}.{whole_system.node(NODE)}.fructosa_gpu_power_watts.1.{uuid}"

    line = f'fructosa_gpu_power_watts{{gpu="1",uuid="{uuid}"}} {said_mw / 1000}'
    assert line in whole_system.pages[NODE].splitlines()
    assert {said_mw / 1000} == set(whole_system.render(path)[path].values())


def test_lmaster_is_one_of_the_nodes(whole_system):
    """What it says of itself is in Graphite, as it scrapes itself."""
    paths = whole_system.find(f"{whole_system.prefix}.{whole_system.node(MASTER)}.*")
    said = {name for name in names(whole_system.pages[MASTER]) if name.startswith("fructosa_")}

    assert said
    assert set() == said - {path.rpartition(".")[2] for path in paths}


@pytest.mark.parametrize(
    ("quantity", "series"),
    [
        ("cpu_threads", "{}.*.fructosa_cpu_threads"),
        ("load_average", "{}.*.fructosa_load_average.1"),
        ("memory_available_bytes", "{}.*.fructosa_memory_available_bytes"),
        (
            "network_receive_bytes_per_second",
            "perSecond({}.*.fructosa_network_receive_bytes_total.{{e,h,ib}}*)",
        ),
        ("power_watts", "perSecond({}.*.fructosa_energy_joules_total.*.{{package-*,dram}})"),
    ],
)
def test_lmaster_adds_up_what_its_nodes_say(whole_system, quantity, series):
    """Of each node what it said last: in the slot of the sum, or shortly before."""
    told = whole_system.render(
        f"{whole_system.prefix}.{whole_system.node(MASTER)}.fructosa_cluster_{quantity}.*"
    )
    nodes = defaultdict(Counter)
    for path, points in whole_system.render(series.format(whole_system.prefix)).items():
        nodes[path.split(".")[1]].update(points)

    bounds = {
        when: [sum(pick(values) for values in lately) for pick in (min, max)]
        for when in next(iter(told.values()))
        if all(lately := [_lately(points, when) for points in nodes.values()])
    }

    assert ["compute"] == [path.rpartition(".")[2] for path in told]
    ((_, sums),) = told.items()
    assert bounds
    assert [] == [
        (when, low, sums[when], high)
        for when, (low, high) in bounds.items()
        if not low * (1 - 1e-9) <= sums[when] <= high * (1 + 1e-9)
    ]


def _lately(points, when):
    """Return the values of three slots; nothing where one is missing."""
    slots = [when - 2, when - 1, when]
    return [points[slot] for slot in slots] if points.keys() >= set(slots) else []


def test_graphite_draws(whole_system):
    """A picture, of the size that was asked for."""
    image = whole_system.png(f"{whole_system.prefix}.*.up.*", width=320, height=200, title="up")

    assert (320, 200) == (int.from_bytes(image[16:20]), int.from_bytes(image[20:24]))
