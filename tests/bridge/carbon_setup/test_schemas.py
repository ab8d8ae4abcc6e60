"""Rules for carbon: each series gets slots of the interval at which it arrives."""

import configparser
import itertools
import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fructosa_bridge.carbon_setup.schemas import storage_aggregation, storage_schemas
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.targets import section_targets
from fructosa_bridge.model.target import Target
from fructosa_bridge.naming.schemes import SCHEMES
from fructosa_bridge.whisper.retentions import aggregation_method
from fructosa_exporter.page.sensor_state import STATE_METRICS
from fructosa_exporter.sensors import SENSORS, Agent

ALL = {"Agent": Agent, **SENSORS}
_DECLARED = [*STATE_METRICS, *(one for sensor in ALL.values() for one in sensor.metrics)]
_SLOW = NodesSettings(hosts=("n1", "n2"), interval_s=300, sensors=("Users",))
_FAST = NodesSettings(hosts=("n1", "n2"))


def first_rule(text, path):
    """Return the rule in *text* that carbon uses for a *path*, or None."""
    return next((rule for rule in rules(text) if re.search(rule["pattern"], path)), None)


@cache
def rules(text):
    """Return the rules in *text*, in their order."""
    found = configparser.RawConfigParser()
    found.read_string(text)
    return [dict(found[name]) for name in found.sections()]


def slot(text, path):
    """Return the seconds of the finest slot of a *path*."""
    rule = first_rule(text, path)
    return None if rule is None else int(rule["retentions"].partition("s")[0])


def schemas(prefix, **sections):
    """Return the rules for some sections."""
    return storage_schemas(section_targets(sections, prefix))


@pytest.mark.parametrize("prefix", [None, "cluster", "all.of-it"])
def test_each_node_has_slots_of_its_interval(prefix):
    """With and without a prefix."""
    text = schemas(prefix, compute=_FAST, io=NodesSettings(hosts=("io1", "n10"), interval_s=60))

    below = "" if prefix is None else f"{prefix}."
    assert [10, 10, 60, 60, 60] == [
        slot(text, f"{below}{path}")
        for path in ("n1.load", "n2.up.compute", "io1.up.io", "io1.x.y", "n10.x")
    ]


def test_a_node_of_several_sections_has_slots_of_the_shortest_interval():
    """Except the scrape series of the slow section."""
    text = schemas("cluster", compute=_FAST, slow=_SLOW)

    assert 10 == slot(text, "cluster.n1.fructosa_users")
    assert 10 == slot(text, "cluster.n1.up.compute")
    assert 300 == slot(text, "cluster.n1.up.slow")
    assert 300 == slot(text, "cluster.n2.scrape_duration_seconds.slow")
    assert "at intervals of 10, 300 s" in text


def test_a_new_node_below_a_prefix_loses_no_points():
    """It has the shortest slots until the rules are written again."""
    text = schemas("cluster", compute=_FAST, io=NodesSettings(hosts=("io1",), interval_s=60))

    assert 10 == slot(text, "cluster.io2.load")


def test_a_deeper_prefix_is_not_taken_for_a_node():
    """The prefix of a section may begin with that of the others."""
    gpu = NodesSettings(hosts=("n1",), prefix="cluster.gpu", interval_s=60, port=9400)

    text = schemas("cluster", compute=_FAST, gpu=gpu)

    assert [60, 10] == [slot(text, "cluster.gpu.n1.power"), slot(text, "cluster.n1.load")]


@pytest.mark.parametrize("prefix", [None, "cluster"])
def test_other_series_match_no_rule(prefix):
    """Except carbon's own metrics. The rest is left to the rules of the site."""
    targets = section_targets({"compute": _FAST}, prefix)

    for path in (
        "servers.n1.load",
        "xn1.load",
        "n11.load",
        "n11.up.a",
        "n11.x_total",
        "n1",
        "clusters.n1.load",
    ):
        assert first_rule(storage_schemas(targets), path) is None
        assert first_rule(storage_aggregation(targets), path) is None
    assert 60 == slot(storage_schemas(targets), "carbon.agents.n1-a.cpuUsage")
    assert first_rule(storage_aggregation(targets), "carbon.agents.n1-a.cpuUsage") is None


@pytest.mark.parametrize("prefix", [None, "cluster", "up.total_total"])
@pytest.mark.parametrize("host", ["n1", "up", "x_total"])
@pytest.mark.parametrize(
    "series",
    [
        "up.compute",
        "bytes_total.eth0",
        "load",
        "load.x_total",
        "h_bucket.0#2e5",
        "node_network_up.eth0",
        "node_network_up.up.CPUTimes.x",
    ],
)
def test_carbon_aggregates_like_the_embedded_store(prefix, host, series):
    """Average for gauges, last for counters, minimum for ``up``, from any number of points."""
    below = NodesSettings(hosts=("n1", "y_total"), prefix="cluster.up", port=1)
    targets = section_targets({"compute": NodesSettings(hosts=(host,)), "below": below}, prefix)

    for target in targets:
        rule = first_rule(storage_aggregation(targets), f"{target.graphite_path}.{series}")

        assert (aggregation_method(series), "0") == (
            rule["aggregationmethod"],
            rule["xfilesfactor"],
        )


# Values of labels that look like names of metrics.
_HOSTILE = ("/", "up", "x_total", "CPUTimes", "a.b_count", "SwapMemory.sin")


def paths_of(naming, metric):
    """Return the paths of a declared metric below a node, with those of its totals."""
    scheme = SCHEMES[naming]
    values = itertools.product(_HOSTILE, repeat=min(len(metric.labels), 2))
    rows = [dict(itertools.zip_longest(metric.labels, each, fillvalue="x")) for each in values]
    paths = [scheme.path(metric.name, tuple(row.items())).path for row in rows]
    other = (("up", "x_total"), ("x_count", "CPUTimes"))
    named = [scheme.path(metric.name, other[:number]).path for number in (1, 2)]
    totals = [total.path for total in scheme.totals(paths) if total.at]  # without zeros beside it
    return [*paths, *named, *totals]


@pytest.mark.parametrize("naming", SCHEMES)
def test_the_metrics_of_lagent_are_aggregated_by_their_type(naming):
    """Counters by their last value, gauges by their average, whatever their labels are."""
    targets = section_targets({"compute": _FAST}, "c", naming=naming)
    text = storage_aggregation(targets)
    before, after = SCHEMES[naming].around(targets[0])

    for metric in _DECLARED:
        methods = {
            first_rule(text, f"{before}{path}{after}")["aggregationmethod"]
            for path in paths_of(naming, metric)
        }

        assert {"last" if metric.type == "counter" else "average"} == methods, metric.name


def node_rules(prefix, naming, *sections):
    """Return the rules for a node in sections of (interval, sensors), and the node's path."""
    settings = {
        f"s{number}": NodesSettings(hosts=("n1",), interval_s=interval_s, sensors=sensors)
        for number, (interval_s, sensors) in enumerate(sections)
    }
    targets = section_targets(settings, prefix, naming=naming)
    return storage_schemas(targets), targets[0].graphite_path


@pytest.mark.parametrize("prefix", [None, "cluster"])
@pytest.mark.parametrize(
    ("path", "plain", "fructosa"),
    [
        ("fructosa_cpu_utilization_ratio.3", 10, 10),
        ("fructosa_cpu_threads", 300, 300),
        ("fructosa_boot_time_seconds", 300, 300),
        ("fructosa_disk_reads_total.sda", 60, 60),
        ("fructosa_sensor_success.CPUCount", 300, 300),
        ("fructosa_sensor_success.CPUPercent", 10, 10),
        # No section requests these, so their interval is unknown.
        ("fructosa_build_info.1#2e0.3#2e11", 10, 10),
        ("fructosa_cpu_threads_of_others", 10, 10),
        ("fructosa_sensor_success.CPUCount2", 10, 10),
        ("node_load1", 10, 10),
        # Names that only naming = fructosa has.
        ("CPUPercent.3", 10, 10),
        ("CPUCount", 10, 300),
        ("BootTime", 10, 300),
        ("DiskIOCounters.read_count", 10, 60),
    ],
)
def test_sensors_of_slower_sections_have_slots_of_these(prefix, path, plain, fructosa):
    """All other series have the shortest."""
    sections = ((10, ("CPUPercent",)), (300, ("CPUCount", "BootTime")), (60, ("DiskIOCounters",)))

    for naming, expected in (("plain", plain), ("fructosa", fructosa)):
        text, node = node_rules(prefix, naming, *sections)

        assert expected == slot(text, f"{node}.{path}")


def test_a_section_without_sensors_may_have_any_series():
    """If it is the fastest section, all series have its interval."""
    text, node = node_rules("c", "plain", (10, ("CPUPercent",)), (300, ()))
    other, _ = node_rules("c", "plain", (300, ("CPUPercent",)), (10, ()))

    paths = [
        f"{node}.{name}" for name in ("fructosa_cpu_utilization_ratio.0", "fructosa_cpu_cores")
    ]
    paths.append(f"{node}.fructosa_build_info.1.2")
    assert [10, 300, 300] == [slot(text, path) for path in paths]
    assert [10, 10, 10] == [slot(other, path) for path in paths]
    assert "# Sensors that are scraped only every 300 s: Agent, BootTime, " in text
    assert "# Sensors" not in other


def test_each_node_has_the_rules_of_its_own_sections():
    """Two nodes are in one slow section, and one of them in another too."""
    fast = NodesSettings(hosts=("n1", "n2"), sensors=("CPUPercent",))
    slow = NodesSettings(hosts=("n1", "n2"), sensors=("BootTime", "Users"), interval_s=300)
    users = NodesSettings(hosts=("n2",), sensors=("Users",), interval_s=60)

    text = schemas("c", fast=fast, slow=slow, users=users)

    found = [
        [slot(text, f"c.{node}.{name}") for node in ("n1", "n2", "n3")]
        for name in ("fructosa_boot_time_seconds", "fructosa_user_sessions")
    ]
    assert [[300, 300, 10], [300, 60, 10]] == found


_SOME = ("Agent", "CPUPercent", "CPUTimes", "DiskUsage", "BootTime", "a_sites_own")


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 10, 60, 300, 7200]),
            st.lists(st.sampled_from(_SOME), max_size=4, unique=True).map(tuple),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["plain", "fructosa"]),
)
@settings(max_examples=30)
def test_the_slots_of_a_sensor_are_never_too_long(sections, naming):
    """They have the shortest interval at which the sensor may be scraped."""
    text, node = node_rules("c", naming, *sections)

    shortest_s = min(interval_s for interval_s, _ in sections)
    for sensor in _SOME[:-1]:
        possible = [at for at, of in sections if not of or sensor in of or "a_sites_own" in of]
        for metric in ALL[sensor].metrics:
            for path in paths_of(naming, metric)[:3]:
                assert min(possible, default=shortest_s) == slot(text, f"{node}.{path}")
    assert shortest_s == slot(text, f"{node}.mysite_load")


_NAME = st.text("ab-1_#", min_size=1, max_size=4)


@given(
    st.dictionaries(
        _NAME,
        st.tuples(
            st.sets(_NAME, min_size=1, max_size=4),
            st.sampled_from([1, 10, 15, 60, 300, 7200]),
            st.sampled_from([None, "a", "a.b", "a-10", "10.a"]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_slots_are_never_too_long(sections):
    """Whatever the sections are, carbon can parse the file, and no points are lost."""
    targets = [
        Target(
            group=group,
            host=host,
            port=1,
            graphite_path=host if prefix is None else f"{prefix}.{host}",
            interval_s=interval_s,
        )
        for group, (hosts, interval_s, prefix) in sections.items()
        for host in hosts
    ]

    text = storage_schemas(targets)

    for target in targets:
        assert slot(text, f"{target.graphite_path}.load") <= target.interval_s
        assert slot(text, f"{target.graphite_path}.up.{target.group}") <= target.interval_s


def test_series_with_tags_have_slots_of_their_section():
    """The tag ``group`` distinguishes sections that share nodes."""
    tagged = [
        Target(
            group=group,
            host="n1",
            port=1,
            graphite_path="c.n1",
            interval_s=interval_s,
            naming="tagged",
        )
        for group, interval_s in (("fast", 10), ("slow one", 300))
    ]

    schemas, aggregation_rules = storage_schemas(tagged), storage_aggregation(tagged)

    around = SCHEMES["tagged"].around
    for target, method, name in (
        (tagged[0], "average", "load"),
        (tagged[0], "average", "upset"),
        (tagged[0], "last", "bytes_total;device=eth0"),
        (tagged[1], "last", "h_bucket;le=0.5"),
        (tagged[1], "min", "up"),
    ):
        # carbon sorts tags by name.
        metric, *labels = (name + around(target)[1]).split(";")
        path = ";".join([metric, *sorted(labels)])
        assert target.interval_s == slot(schemas, path)
        assert method == first_rule(aggregation_rules, path)["aggregationmethod"]
    assert first_rule(schemas, "load;group=fast") is None
    assert first_rule(aggregation_rules, "load;group=other;instance=n1") is None
