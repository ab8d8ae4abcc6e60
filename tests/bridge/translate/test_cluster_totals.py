"""Totals over the nodes of a section: which series add to them, when, and how often."""

import gc
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from fructosa_bridge.model.errors import ScrapeError
from fructosa_bridge.model.selection import SELECTOR, MetricSelection
from fructosa_bridge.model.target import Target
from fructosa_bridge.naming.schemes import SCHEMES
from fructosa_bridge.scrape.client import Page
from fructosa_bridge.scrape.scraper import Scraper
from fructosa_bridge.scrape.target_state import TargetState
from fructosa_bridge.translate.cluster_totals import (
    TOTALS,
    AddendIndexes,
    addend,
    contribution,
    totals,
)
from fructosa_bridge.translate.translator import Translator
from fructosa_bridge.web.metrics import registry
from fructosa_exporter.sensors import SENSORS
from fructosa_grafana.dashboards import DASHBOARDS
from fructosa_grafana.queries.expressions import ANY

from ..fake_status import FakeStatus

PAGE = """\
# TYPE fructosa_cpu_threads gauge
fructosa_cpu_threads 8
# TYPE fructosa_load_average gauge
fructosa_load_average{minutes="1"} 2.5
fructosa_load_average{minutes="5"} 70
# TYPE fructosa_network_receive_bytes counter
fructosa_network_receive_bytes_total{interface="lo"} 90000
fructosa_network_receive_bytes_total{interface="eth0"} 1000
fructosa_network_receive_bytes_total{interface="ib0"} 5000
"""
LATER = PAGE.replace(" 1000\n", " 1200\n").replace(" 5000\n", " 5500\n")
RESET = PAGE.replace(" 1000\n", " 7\n").replace(" 5000\n", " 5500\n")
RECEIVED = "network_receive_bytes_per_second"


class Nodes:
    """Nodes that are scraped one by one; each has a page, or an error."""

    def __init__(self, **rules):
        self._rules = rules
        self._pages = {}
        self.states = []
        self._scraper = Scraper(self, lambda batches: None, 10**6)

    async def fetch(self, target):
        """Return the page of a target as lmaster's client does."""
        page = self._pages[target.identity]
        if isinstance(page, ScrapeError):
            raise page
        return Page(page, is_openmetrics=page.endswith("# EOF\n"))

    def add(self, name, section="compute"):
        """Add a node to a section; return its state."""
        target = Target(
            group=section, host=name, port=1, graphite_path=f"cluster.{name}", **self._rules
        )
        self.states.append(TargetState(target))
        return self.states[-1]

    async def scrape(self, state, page, due_s=0.0):
        """Scrape a node that serves a *page*."""
        self._pages[state.target.identity] = page
        await self._scraper.scrape(state, due_s)

    def totals(self):
        """Return the totals that are known: ``{(quantity, section): value}``."""
        amounts = [
            (state.target.group, state.target.graphite_path, state.contribution.amounts)
            for state in self.states
            if state.contribution is not None
        ]
        return {
            (quantity, section): value
            for section, values in totals(amounts).items()
            for quantity, value in by_quantity(values).items()
        }


@pytest.mark.parametrize("end", ["", "# EOF\n"], ids=["text", "openmetrics"])
@pytest.mark.parametrize("naming", SCHEMES)
async def test_nodes_are_added_up_in_every_naming_and_format(naming, end):
    """At the first scrape and later; rates are known from the second scrape on."""
    nodes = Nodes(naming=naming)
    first_node, second_node = nodes.add("n1"), nodes.add("n2")
    gauges = {("cpu_threads", "compute"): 16, ("load_average", "compute"): 5}

    for state in (first_node, second_node):
        await nodes.scrape(state, PAGE + end, due_s=10)
    at_first = nodes.totals()
    for state in (first_node, second_node):
        await nodes.scrape(state, LATER + end, due_s=20)

    assert gauges == at_first
    assert gauges | {(RECEIVED, "compute"): 2 * 70} == nodes.totals()


async def test_each_section_has_its_own_totals():
    """A total that no node of a section has is unknown, which is not 0."""
    nodes = Nodes()

    await nodes.scrape(nodes.add("n1", "gpu"), "fructosa_cpu_threads 8\n")
    await nodes.scrape(nodes.add("n2", "big"), "fructosa_load_runnable_threads 0\n")
    await nodes.scrape(nodes.add("n3", "others"), 'node_cpu_seconds_total{cpu="0"} 8\n')

    assert {("cpu_threads", "gpu"): 8, ("load_runnable_threads", "big"): 0} == nodes.totals()


@pytest.mark.parametrize("page", [ScrapeError("refused"), "<html>\n", "up 1\n"])
async def test_a_node_without_the_series_does_not_count(page):
    """Whether it is down or has other series; at the next page its rates are unknown, too."""
    nodes = Nodes()
    state, another = nodes.add("n1"), nodes.add("n2")
    await nodes.scrape(another, "fructosa_cpu_threads 1\n")
    await nodes.scrape(state, PAGE, due_s=10)

    await nodes.scrape(state, page, due_s=20)
    without = nodes.totals()
    await nodes.scrape(state, LATER, due_s=30)

    assert {("cpu_threads", "compute"): 1} == without
    assert {("cpu_threads", "compute"): 9, ("load_average", "compute"): 2.5} == nodes.totals()


async def test_a_removed_target_does_not_count():
    """From the reload on."""
    nodes = Nodes()
    for name in ("n1", "n2"):
        await nodes.scrape(nodes.add(name), "fructosa_cpu_threads 8\n")

    nodes.states = nodes.states[:1]

    assert {("cpu_threads", "compute"): 8} == nodes.totals()


async def test_a_node_in_several_sections_counts_once_for_each_total():
    """In the first of the sections that have the series."""
    nodes = Nodes()
    slow, fast, third = (nodes.add("n1", section) for section in ("slow", "fast", "third"))
    await nodes.scrape(fast, "fructosa_cpu_threads 8\nfructosa_load_runnable_threads 3\n")
    await nodes.scrape(third, "fructosa_memory_total_bytes 5\nfructosa_load_runnable_threads 9\n")

    await nodes.scrape(slow, "fructosa_cpu_threads 8\n")

    expected = {
        ("cpu_threads", "slow"): 8,
        ("load_runnable_threads", "fast"): 3,
        ("memory_total_bytes", "third"): 5,
    }
    assert expected == nodes.totals()


async def test_gpus_are_counted_including_those_that_do_not_respond():
    """The number that respond is another total; without GPUs there is neither."""
    nodes = Nodes()
    up = 'fructosa_gpu_up{{gpu="{}",uuid="GPU-{}"}} {}\n'

    await nodes.scrape(nodes.add("n1"), up.format(0, 1, 1) + up.format(1, 2, 0))
    await nodes.scrape(nodes.add("n2"), up.format(0, 3, 1) + up.format(1, 4, "NaN"))
    await nodes.scrape(nodes.add("n3", "plain"), "fructosa_cpu_threads 8\n")

    expected = {("gpus_up", "compute"): 2, ("gpus", "compute"): 3, ("cpu_threads", "plain"): 8}
    assert expected == nodes.totals()


async def test_dropped_series_are_a_part_of_totals():
    """So a site may store only the totals."""
    nodes = Nodes(selection=MetricSelection(drop=(SELECTOR.parse("fructosa_*"),)))

    await nodes.scrape(nodes.add("n1"), PAGE)

    assert {("cpu_threads", "compute"): 8, ("load_average", "compute"): 2.5} == nodes.totals()


async def test_lmaster_exposes_the_totals():
    """With the section as a label."""
    nodes = Nodes()
    await nodes.scrape(nodes.add("n1", "gpu"), PAGE)

    text = generate_latest(registry(FakeStatus(nodes.states))).decode()

    exposed = re.findall(r'^fructosa_cluster_(\w+){section="(.*)"} (.*)$', text, re.MULTILINE)
    assert nodes.totals() == {(name, section): float(value) for name, section, value in exposed}


def rate_of(*pages):
    """Return the received bytes per second after these pages: ``(due_s, page)``."""
    translator, before = Translator(), None
    for due_s, page in pages:
        addends = translator.translate(page, "cluster.n1.", 10**6).addends
        before = contribution(addends, due_s, before)
    return by_quantity(before.amounts).get(RECEIVED)


def by_quantity(amounts):
    """Return the known *amounts* by the quantity of their total."""
    each = zip(TOTALS, amounts, strict=True)
    return {total.quantity: amount for total, amount in each if not math.isnan(amount)}


def test_a_rate_is_the_growth_between_two_scrapes():
    """By their due times: a missed slot makes the time longer."""
    assert 70 == rate_of((10, PAGE), (20, LATER))
    assert 7 == rate_of((10, PAGE), (110, LATER))
    assert 0 == rate_of((10, PAGE), (20, LATER), (30, LATER))


@pytest.mark.parametrize("due_s", [10, 5])
def test_after_the_clock_was_set_back_there_is_no_rate(due_s):
    """The time that has passed is unknown."""
    assert rate_of((10, PAGE), (due_s, LATER)) is None


def test_a_counter_that_was_reset_does_not_count():
    """Other counters do; without any the rate is unknown."""
    only_counter = 'fructosa_network_receive_bytes_total{interface="eth0"} '

    assert 50 == rate_of((10, PAGE), (20, RESET))
    assert 20 == rate_of((10, PAGE), (20, RESET), (30, RESET.replace(" 7\n", " 207\n")))
    assert rate_of((10, f"{only_counter}9\n"), (20, f"{only_counter}1\n")) is None


def test_a_new_or_missing_counter_does_not_count():
    """Those on both pages count, whatever the order of their lines is."""
    lines = LATER.splitlines(keepends=True)
    moved = "more 1\n" + "".join([line for line in reversed(lines) if "#" not in line])
    more = LATER + 'fructosa_network_receive_bytes_total{interface="eth1"} 999999\n'
    less = "".join([line for line in lines if "ib0" not in line])

    assert 70 == rate_of((10, PAGE), (20, moved))
    assert 70 == rate_of((10, PAGE), (20, more))
    assert 20 == rate_of((10, PAGE), (20, less))
    assert 0 == rate_of((10, more), (20, less), (30, more))


def test_series_with_time_stamps_count():
    """Their lines are parsed at each scrape."""
    pages = [page.replace("000\n", "000 17\n").replace("00\n", "00 17\n") for page in (PAGE, LATER)]

    assert 70 == rate_of((10, pages[0]), (20, pages[1]))


def test_of_a_repeated_series_the_first_value_counts():
    """As in Graphite, which gets that one."""
    page = 'fructosa_load_average{minutes="1"} 1\nfructosa_load_average{a="",minutes="1"} 2\n'

    addends = Translator().translate(page, "cluster.n1.", 10).addends

    assert {"load_average": 1} == by_quantity(contribution(addends, 0, None).amounts)


def test_pages_of_other_exporters_have_no_addends():
    """They cost nothing."""
    page = 'node_load1 1\nfructosa_load_average{minutes="5"} 1\nfructosa_cpu_threads_x 1\n'

    assert Translator().translate(page, "cluster.n1.", 10).addends is None


def test_nodes_with_equal_series_share_an_index():
    """Also if other lines differ; it is freed with the last of them."""
    translator = Translator()
    pages = [f'{PAGE}uname{{node="n{number}"}} 1\n' for number in range(10)]

    indexes = [
        translator.translate(page, f"n{at}.", 100).addends.addend_index
        for at, page in enumerate(pages)
    ]
    in_use = translator._templates._addends
    counts = (len(set(map(id, indexes))), len(in_use))
    del indexes
    for at in range(10):
        translator.translate("up 1\n", f"n{at}.", 100)
    gc.collect()

    assert (1, 1) == counts
    assert 0 == len(in_use)


NUMBERS = st.floats() | st.integers(-(2**63), 2**64 - 1)
SERIES = ["cpu_threads", *(f'network_receive_bytes_total{{interface="e{n}"}}' for n in range(3))]
PAGES = st.dictionaries(st.sampled_from(SERIES), NUMBERS, min_size=1)


@given(st.lists(PAGES, min_size=1, max_size=4))
def test_a_known_total_is_finite(pages):
    """Whatever the values are, and whichever series a page has."""
    indexes, before, amounts = AddendIndexes(), None, []
    for at, page in enumerate(pages):
        placed = tuple((place, _addend(series)) for place, series in enumerate(page))
        before = contribution(indexes.shared(placed).values(list(page.values())), float(at), before)
        amounts.append(("compute", f"cluster.n{at}", before.amounts))

    result = totals(amounts)["compute"]

    assert len(TOTALS) == len(result)
    assert all(math.isfinite(amount) for amount in by_quantity(result).values())


def _addend(series):
    metric, _, interface = series.partition('{interface="')
    return addend(f"fructosa_{metric}", [("interface", interface.rstrip('"}'))])


def test_a_total_that_overflows_is_unknown():
    """Graphite could not store it."""
    addends = Translator().translate("fructosa_cpu_threads 1e308\n", "n.", 10).addends
    amounts = contribution(addends, 0, None).amounts

    assert {} == by_quantity(totals([("all", f"n{at}", amounts) for at in range(2)])["all"])


@pytest.mark.parametrize(
    ("metric", "labels", "quantity"),
    [
        ("fructosa_disk_read_bytes_total", {"device": "sda"}, "disk_read_bytes_per_second"),
        ("fructosa_disk_written_bytes_total", {"device": "sda1"}, None),
        (
            "fructosa_disk_written_bytes_total",
            {"device": "nvme0n1"},
            "disk_written_bytes_per_second",
        ),
        ("fructosa_disk_read_bytes_total", {"device": "nvme0n1p2"}, None),
        ("fructosa_disk_read_bytes_total", {}, None),
        ("fructosa_network_transmit_bytes_total", {"interface": "br0"}, None),
        ("fructosa_energy_joules_total", {"zone": "0", "name": "package-1"}, "power_watts"),
        ("fructosa_energy_joules_total", {"zone": "0:0", "name": "core"}, None),
        ("fructosa_memory_available_bytes", {}, "memory_available_bytes"),
        ("fructosa_memory_available_byte", {}, None),
        ("fructosa_gpu_power_watts", {"gpu": "0", "uuid": "GPU-1"}, "gpu_power_watts"),
        ("fructosa_gpu_up", {"gpu": "0", "uuid": "GPU-1"}, "gpus_up"),
        ("fructosa_gpu_energy_joules_total", {"gpu": "0", "uuid": "GPU-1"}, None),
    ],
)
def test_only_whole_devices_are_a_part_of_totals(metric, labels, quantity):
    """What is measured for a partition or a bridge is measured for its device as well."""
    result = addend(metric, list(labels.items()))

    assert quantity == (result and TOTALS[result.total].quantity)


def test_totals_are_of_metrics_and_labels_that_lagent_declares():
    """The total of a counter is a rate."""
    declared = {metric.name: metric for sensor in SENSORS.values() for metric in sensor.metrics}

    for total in TOTALS:
        metric = declared[total.metric]
        assert {name for name, _ in total.labels} <= set(metric.labels)
        assert total.is_rate == (metric.type == "counter")


def test_each_total_is_on_a_dashboard():
    """And each total on a dashboard exists."""
    queried = {series.metric for board in DASHBOARDS for series in board.leaves("graphite")}

    expected = {total.name for total in TOTALS}
    assert expected == {name for name in queried if name.startswith("fructosa_cluster_")}


def test_totals_are_those_of_the_queries_for_prometheus():
    """They add the same series, so a panel shows the same values from both."""
    queries = [
        query
        for board in DASHBOARDS
        for panel in board.panels
        for query in panel.queries
        if query.in_graphite is not None
    ]
    queried = {
        (in_graphite.metric, in_prometheus.metric, frozenset(_patterns(in_prometheus.labels)))
        for query in queries
        for in_graphite, in_prometheus in zip(
            query.in_graphite.leaves(), query.expr.leaves(), strict=True
        )
        if in_graphite.metric.startswith("fructosa_cluster_")
    }

    assert {(total.name, total.metric, frozenset(total.labels)) for total in TOTALS} == queried


def _patterns(labels):
    return [(name, getattr(value, "regex", value)) for name, value in labels if value != ANY]
