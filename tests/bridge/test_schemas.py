"""Rules for carbon: each series gets slots of the interval on which it comes."""

import configparser
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model import Target
from fructosa_bridge.node_settings import NodesSettings
from fructosa_bridge.patterns import of_names
from fructosa_bridge.retentions import aggregation
from fructosa_bridge.schemas import storage_aggregation, storage_schemas
from fructosa_bridge.schemes import SCHEMES
from fructosa_bridge.targets import configured

_SLOW = NodesSettings(hosts=("n1", "n2"), interval_s=300, sensors=("Users",))
_FAST = NodesSettings(hosts=("n1", "n2"))


def first_rule(text, path):
    """Return the rule that carbon takes for a *path*, as carbon reads the *text*; None for none."""
    rules = configparser.RawConfigParser()
    rules.read_string(text)
    for name in rules.sections():
        if re.search(rules[name]["pattern"], path):
            return rules[name]
    return None


def slot(text, path):
    """Return how many seconds the finest slot of a *path* has."""
    rule = first_rule(text, path)
    return None if rule is None else int(rule["retentions"].partition("s")[0])


def schemas(prefix, **sections):
    """Return the rules for some sections."""
    return storage_schemas(configured(sections, prefix))


@given(
    st.sets(st.text("ab01-#:_", min_size=1, max_size=6), min_size=1, max_size=30),
    st.text("ab01-#:_", max_size=6),
)
def test_a_pattern_takes_its_names_alone(names, other):
    """All of them, and nothing else."""
    found = re.compile(of_names(names))

    assert all(found.fullmatch(name) for name in names)
    assert (other in names) == bool(found.fullmatch(other))


def test_a_pattern_of_many_names_is_short():
    """As a person would write it."""
    names = [f"node{number:03}" for number in range(1, 129)]

    assert "node(?:0(?:0[1-9]|[1-9][0-9])|1(?:[01][0-9]|2[0-8]))" == of_names(names)


@pytest.mark.parametrize("prefix", [None, "cluster", "all.of-it"])
def test_each_node_has_slots_of_its_interval(prefix):
    """Also where all are below one prefix, and where there is none."""
    text = schemas(prefix, compute=_FAST, io=NodesSettings(hosts=("io1", "n10"), interval_s=60))

    below = "" if prefix is None else f"{prefix}."
    assert [10, 10, 60, 60, 60] == [
        slot(text, f"{below}{path}")
        for path in ("n1.load", "n2.up.compute", "io1.up.io", "io1.x.y", "n10.x")
    ]


def test_the_shortest_interval_rules_a_node_of_several_sections():
    """What lmaster itself says of the slow section comes on the slow interval."""
    text = schemas("cluster", compute=_FAST, slow=_SLOW)

    assert 10 == slot(text, "cluster.n1.fructosa_users")
    assert 10 == slot(text, "cluster.n1.up.compute")
    assert 300 == slot(text, "cluster.n1.up.slow")
    assert 300 == slot(text, "cluster.n2.scrape_duration_seconds.slow")
    assert "on intervals of 10, 300 s" in text


def test_a_new_node_below_a_prefix_loses_nothing():
    """Until the files are made anew it has the shortest slots."""
    text = schemas("cluster", compute=_FAST, io=NodesSettings(hosts=("io1",), interval_s=60))

    assert 10 == slot(text, "cluster.io2.load")


def test_a_deeper_prefix_is_not_taken_for_a_node():
    """A section's own prefix may begin with that of the others."""
    gpu = NodesSettings(hosts=("n1",), prefix="cluster.gpu", interval_s=60, port=9400)

    text = schemas("cluster", compute=_FAST, gpu=gpu)

    assert [60, 10] == [slot(text, "cluster.gpu.n1.power"), slot(text, "cluster.n1.load")]


@pytest.mark.parametrize("prefix", [None, "cluster"])
def test_series_of_others_are_not_touched(prefix):
    """Carbon's own have their rule; the rest are left to the rules of the site."""
    targets = configured({"compute": _FAST}, prefix)

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
@pytest.mark.parametrize(
    "series", ["up.compute", "bytes_total.eth0", "load", "h_bucket.0#2e5", "node_network_up.eth0"]
)
def test_carbon_thins_out_as_the_embedded_store(prefix, series):
    """The mean of gauges, the last of counters, the least of ``up``; from any number of points."""
    targets = configured({"compute": _FAST}, prefix)

    rule = first_rule(storage_aggregation(targets), f"{targets[0].path}.{series}")

    assert (aggregation(f"n1.{series}"), "0") == (rule["aggregationMethod"], rule["xFilesFactor"])


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
def test_no_point_is_lost_for_a_slot_that_is_too_long(sections):
    """Whatever sections there are, carbon reads the file, and no slot is longer than needed."""
    targets = [
        Target(
            group=group,
            host=host,
            port=1,
            path=host if prefix is None else f"{prefix}.{host}",
            interval_s=interval_s,
        )
        for group, (hosts, interval_s, prefix) in sections.items()
        for host in hosts
    ]

    text = storage_schemas(targets)

    for target in targets:
        assert slot(text, f"{target.path}.load") <= target.interval_s
        assert slot(text, f"{target.path}.up.{target.group}") <= target.interval_s


def test_series_with_tags_have_slots_of_their_section():
    """They name it, so that sections that share nodes are told apart."""
    tagged = [
        Target(group=group, host="n1", port=1, path="c.n1", interval_s=interval_s, naming="tagged")
        for group, interval_s in (("fast", 10), ("slow one", 300))
    ]

    schemas, thinning = storage_schemas(tagged), storage_aggregation(tagged)

    around = SCHEMES["tagged"].around
    for target, method, name in (
        (tagged[0], "average", "load"),
        (tagged[0], "average", "upset"),
        (tagged[0], "last", "bytes_total;device=eth0"),
        (tagged[1], "last", "h_bucket;le=0.5"),
        (tagged[1], "min", "up"),
    ):
        # Carbon puts tags in the order of their names.
        metric, *labels = (name + around(target)[1]).split(";")
        path = ";".join([metric, *sorted(labels)])
        assert target.interval_s == slot(schemas, path)
        assert method == first_rule(thinning, path)["aggregationMethod"]
    assert first_rule(schemas, "load;group=fast") is None
    assert first_rule(thinning, "load;group=other;instance=n1") is None
