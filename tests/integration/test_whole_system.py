"""The system for the tests of dashboards provides all metrics that they query."""

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
# Personal data and identifiers, which an agent exposes only if configured.
PRIVATE = {
    "fructosa_gpu_process_memory_bytes",
    "fructosa_gpu_serial_info",
    "fructosa_network_connection_info",
    "fructosa_user_session_info",
}
# Jobs have a page of their own, and lmaster keeps their samples out of Graphite.
ON_METRICS_PAGE = {name: sensor for name, sensor in SENSORS.items() if name != "SlurmJobs"}
DECLARED = [
    *STATE_METRICS,
    *(metric for sensor in (Agent, *ON_METRICS_PAGE.values()) for metric in sensor.metrics),
]
NAMES = {metric.name for metric in DECLARED} - PRIVATE
# CPU times are real, and some modes do not grow; an agent may use almost no CPU time.
RECORDED_COUNTERS = [
    metric
    for name in ON_METRICS_PAGE.keys() - REAL
    for metric in SENSORS[name].metrics
    if metric.type == "counter"
]


def names(page):
    """Return the names of the samples of a page."""
    lines = [line for line in page.splitlines() if not line.startswith("#")]
    return {line.partition(" ")[0].partition("{")[0] for line in lines}


class Constant(Sensor):
    """A sensor whose values do not change."""

    COUNT = counter("fructosa_test_bytes_total", "A count.", "device")
    VALUE = gauge("fructosa_test_bytes", "A value.")

    def samples(self):
        """Yield one of each."""
        yield self.COUNT.sample(7, "sda")
        yield self.VALUE.sample(7)


def test_recorded_counters_grow_and_gauges_do_not():
    """They grow at a constant rate."""
    now_s = 100.0
    sensor = Growing(Constant(), clock=lambda: now_s)

    first, at_first = (sample.value for sample in sensor.samples())
    now_s += 1
    second, then = (sample.value for sample in sensor.samples())
    now_s += 1
    third, _ = (sample.value for sample in sensor.samples())

    assert (7, 7, 7) == (first, at_first, then)
    assert second - first > 1e6
    assert third - second == pytest.approx(second - first, abs=1)


def test_a_recorded_agent_exposes_all_declared_metrics(whole_system):
    """So all panels have data."""
    assert set() == NAMES - names(whole_system.pages[NODE])
    assert set() == PRIVATE & names(whole_system.pages[NODE])


def test_promtool_accepts_its_page(whole_system, promtool):
    """It is like the page of any agent."""
    assert (0, "") == promtool(whole_system.pages[NODE])


def test_graphite_and_prometheus_have_all_its_metrics(whole_system):
    """Including those that appeared later."""
    paths = whole_system.find(f"{whole_system.prefix}.{whole_system.node(NODE)}.*")
    in_graphite = {path.rpartition(".")[2] for path in paths}
    match = f'{{instance="{whole_system.instance(NODE)}"}}'
    in_prometheus = set(whole_system.label_values(match, "__name__"))

    assert set() == NAMES - in_graphite
    assert set() == NAMES - in_prometheus


def test_graphite_computes_a_rate_of_every_recorded_counter(whole_system):
    """The rate of each series is greater than zero."""
    node = f"{whole_system.prefix}.{whole_system.node(NODE)}"
    targets = {
        metric.name: f"perSecond({node}.{'.'.join([metric.name, *'*' * len(metric.labels)])})"
        for metric in RECORDED_COUNTERS
    }
    found = whole_system.render(list(targets.values()))

    assert [] == [path for path, points in found.items() if not max(points.values(), default=0)]
    assert targets.keys() == {path.split(".")[2].rstrip(")") for path in found}


def test_prometheus_computes_a_rate_of_every_recorded_counter(whole_system):
    """With the query of dashboards."""
    instance = whole_system.instance(NODE)
    rates = {
        metric.name: whole_system.query(f'min(rate({metric.name}{{instance="{instance}"}}[1m]))')
        for metric in RECORDED_COUNTERS
    }

    assert [] == [name for name, found in rates.items() if not found or not found[0][1] > 0]


def test_both_report_which_node_is_down(whole_system):
    """All others are up."""
    expected = {host: float(host != DOWN) for host in whole_system.hosts}
    found = whole_system.render(f"{whole_system.prefix}.*.up.*")
    last = {path.split(".")[1]: points[max(points)] for path, points in found.items()}
    up = {labels["instance"]: value for labels, value in whole_system.query("up")}

    assert {whole_system.node(host): value for host, value in expected.items()} == last
    assert {whole_system.instance(host): value for host, value in expected.items()} == up


def test_both_report_a_lost_gpu(whole_system):
    """lmaster still counts it in the number of GPUs."""
    prefix = f"{whole_system.prefix}.*.fructosa_cluster_gpus"
    known, up = (whole_system.render(f"{name}.compute") for name in (prefix, f"{prefix}_up"))
    lost = whole_system.query("fructosa_gpu_up == 0")

    assert ["1"] == [labels["gpu"] for labels, _ in lost]
    assert [6.0] == [points[max(points)] for points in known.values()]
    assert [5.0] == [points[max(points)] for points in up.values()]


def test_a_value_of_the_gpu_driver_is_in_graphite(whole_system):
    """301.5 W are 301,500 mW in the library, a sample on the page, and a point in Graphite."""
    power_mw = eight_gpus()[1].answers["nvmlDeviceGetPowerUsage", 0]
    uuid = eight_gpus()[1].uuid
    path = f"{whole_system.prefix}.{whole_system.node(NODE)}.fructosa_gpu_power_watts.1.{uuid}"

    line = f'fructosa_gpu_power_watts{{gpu="1",uuid="{uuid}"}} {power_mw / 1000}'
    assert line in whole_system.pages[NODE].splitlines()
    assert {power_mw / 1000} == set(whole_system.render(path)[path].values())


def test_lmaster_scrapes_itself(whole_system):
    """Its own metrics are in Graphite."""
    paths = whole_system.find(f"{whole_system.prefix}.{whole_system.node(MASTER)}.*")
    own_metrics = {
        name for name in names(whole_system.pages[MASTER]) if name.startswith("fructosa_")
    }

    assert own_metrics
    assert set() == own_metrics - {path.rpartition(".")[2] for path in paths}


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
def test_lmaster_computes_totals_of_its_nodes(whole_system, quantity, series):
    """A total has the latest value of each node: from its own slot or shortly before."""
    totals = whole_system.render(
        f"{whole_system.prefix}.{whole_system.node(MASTER)}.fructosa_cluster_{quantity}.*"
    )
    nodes = defaultdict(Counter)
    for path, points in whole_system.render(series.format(whole_system.prefix)).items():
        nodes[path.split(".")[1]].update(points)

    bounds = {
        when: [sum(pick(values) for values in recent) for pick in (min, max)]
        for when in next(iter(totals.values()))
        if all(recent := [_recent_values(points, when) for points in nodes.values()])
    }

    assert ["compute"] == [path.rpartition(".")[2] for path in totals]
    ((_, sums),) = totals.items()
    assert bounds
    assert [] == [
        (when, low, sums[when], high)
        for when, (low, high) in bounds.items()
        if not low * (1 - 1e-9) <= sums[when] <= high * (1 + 1e-9)
    ]


def _recent_values(points, when):
    """Return the values of three slots; [] if one is missing."""
    slots = [when - 2, when - 1, when]
    return [points[slot] for slot in slots] if points.keys() >= set(slots) else []


def test_graphite_draws_a_picture(whole_system):
    """It has the requested size."""
    image = whole_system.png(f"{whole_system.prefix}.*.up.*", width=320, height=200, title="up")

    assert (320, 200) == (int.from_bytes(image[16:20]), int.from_bytes(image[20:24]))
