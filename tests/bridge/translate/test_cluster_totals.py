"""Sums over the nodes of a section: which series add to them, when, and how often."""

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
BEGUN_ANEW = PAGE.replace(" 1000\n", " 7\n").replace(" 5000\n", " 5500\n")
RECEIVED = "network_receive_bytes_per_second"


class Nodes:
    """Nodes that are scraped with what they say at that moment: a page, or why there is none."""

    def __init__(self, **rules):
        self._rules = rules
        self.said = {}
        self.states = []
        self._scraper = Scraper(self, lambda batches: None, 10**6)

    async def fetch(self, target):
        """Answer as lmaster's client does."""
        said = self.said[target.identity]
        if isinstance(said, ScrapeError):
            raise said
        return Page(said, is_openmetrics=said.endswith("# EOF\n"))

    def add(self, name, section="compute"):
        """Add a target; return how it is called here."""
        made = Target(
            group=section, host=name, port=1, graphite_path=f"cluster.{name}", **self._rules
        )
        self.states.append(TargetState(made))
        return self.states[-1]

    async def scrape(self, state, said, due_s=0.0):
        """Let a node say something."""
        self.said[state.target.identity] = said
        await self._scraper.scrape(state, due_s)

    def sums(self):
        """Return what lmaster's page says of sums: ``{(quantity, section): value}``."""
        text = generate_latest(registry(FakeStatus(self.states))).decode()
        found = re.findall(r'^fructosa_cluster_(\w+){section="(.*)"} (.*)$', text, re.MULTILINE)
        return {(quantity, section): float(value) for quantity, section, value in found}


@pytest.mark.parametrize("end", ["", "# EOF\n"], ids=["text", "openmetrics"])
@pytest.mark.parametrize("naming", SCHEMES)
async def test_nodes_are_added_up_whatever_their_series_are_called(naming, end):
    """In both formats, at first sight and again; rates are there from the second page on."""
    nodes = Nodes(naming=naming)
    one, other = nodes.add("n1"), nodes.add("n2")
    gauges = {("cpu_threads", "compute"): 16, ("load_average", "compute"): 5}

    for state in (one, other):
        await nodes.scrape(state, PAGE + end, due_s=10)
    first = nodes.sums()
    for state in (one, other):
        await nodes.scrape(state, LATER + end, due_s=20)

    assert gauges == first
    assert gauges | {(RECEIVED, "compute"): 2 * 70} == nodes.sums()


async def test_sections_have_sums_of_their_own():
    """What no node of a section tells is not there: that would be another thing than zero."""
    nodes = Nodes()

    await nodes.scrape(nodes.add("n1", "gpu"), "fructosa_cpu_threads 8\n")
    await nodes.scrape(nodes.add("n2", "big"), "fructosa_load_runnable_threads 0\n")
    await nodes.scrape(nodes.add("n3", "others"), 'node_cpu_seconds_total{cpu="0"} 8\n')

    assert {("cpu_threads", "gpu"): 8, ("load_runnable_threads", "big"): 0} == nodes.sums()


@pytest.mark.parametrize("said", [ScrapeError("refused"), "<html>\n", "up 1\n"])
async def test_a_node_that_is_down_or_says_it_no_more_counts_nothing(said):
    """Nor is it known afterwards how its counters grew meanwhile."""
    nodes = Nodes()
    state, other = nodes.add("n1"), nodes.add("n2")
    await nodes.scrape(other, "fructosa_cpu_threads 1\n")
    await nodes.scrape(state, PAGE, due_s=10)

    await nodes.scrape(state, said, due_s=20)
    without = nodes.sums()
    await nodes.scrape(state, LATER, due_s=30)

    assert {("cpu_threads", "compute"): 1} == without
    assert {("cpu_threads", "compute"): 9, ("load_average", "compute"): 2.5} == nodes.sums()


async def test_a_target_that_a_reload_took_away_counts_nothing():
    """From the next look on."""
    nodes = Nodes()
    for name in ("n1", "n2"):
        await nodes.scrape(nodes.add(name), "fructosa_cpu_threads 8\n")

    nodes.states = nodes.states[:1]

    assert {("cpu_threads", "compute"): 8} == nodes.sums()


async def test_a_node_in_several_sections_counts_once_for_each_sum():
    """In the section that comes first, and of those alone that tell it."""
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
    assert expected == nodes.sums()


async def test_gpus_are_added_up_and_those_that_are_lost_are_counted():
    """Of a node with two and of one with one; where there are none nothing is told of them."""
    nodes = Nodes()
    up = 'fructosa_gpu_up{{gpu="{}",uuid="GPU-{}"}} {}\n'

    await nodes.scrape(nodes.add("n1"), up.format(0, 1, 1) + up.format(1, 2, 0))
    await nodes.scrape(nodes.add("n2"), up.format(0, 3, 1) + up.format(1, 4, "NaN"))
    await nodes.scrape(nodes.add("n3", "plain"), "fructosa_cpu_threads 8\n")

    expected = {("gpus_up", "compute"): 2, ("gpus", "compute"): 3, ("cpu_threads", "plain"): 8}
    assert expected == nodes.sums()


async def test_what_graphite_is_not_to_hold_adds_up_all_the_same():
    """So a site may keep the sums alone."""
    nodes = Nodes(selection=MetricSelection(drop=(SELECTOR.parse("fructosa_*"),)))

    await nodes.scrape(nodes.add("n1"), PAGE)

    assert {("cpu_threads", "compute"): 8, ("load_average", "compute"): 2.5} == nodes.sums()


def grown(*pages):
    """Return what is received a second, after pages that were due as given: ``(due_s, page)``."""
    translator, before = Translator(), None
    for due_s, page in pages:
        taken = translator.translate(page, "cluster.n1.", 10**6).addends
        before = contribution(taken, due_s, before)
    return named(before.amounts).get(RECEIVED)


def named(amounts):
    """Return amounts by the names of their sums, without those that are not there."""
    each = zip(TOTALS, amounts, strict=True)
    return {summed.quantity: amount for summed, amount in each if not math.isnan(amount)}


def test_a_rate_is_of_the_time_between_two_pages():
    """By their due times: a slot that was missed makes it longer."""
    assert 70 == grown((10, PAGE), (20, LATER))
    assert 7 == grown((10, PAGE), (110, LATER))
    assert 0 == grown((10, PAGE), (20, LATER), (30, LATER))


@pytest.mark.parametrize("due_s", [10, 5])
def test_a_clock_that_was_set_back_gives_no_rate(due_s):
    """Time that did not pass can't be divided by."""
    assert grown((10, PAGE), (due_s, LATER)) is None


def test_a_counter_that_went_back_counts_nothing_for_that_slot():
    """The others do; where none is left, nothing is told."""
    alone = 'fructosa_network_receive_bytes_total{interface="eth0"} '

    assert 50 == grown((10, PAGE), (20, BEGUN_ANEW))
    assert 20 == grown((10, PAGE), (20, BEGUN_ANEW), (30, BEGUN_ANEW.replace(" 7\n", " 207\n")))
    assert grown((10, f"{alone}9\n"), (20, f"{alone}1\n")) is None


def test_a_counter_that_comes_or_goes_makes_no_leap():
    """Those that are on both pages count, wherever they stand."""
    lines = LATER.splitlines(keepends=True)
    moved = "more 1\n" + "".join([line for line in reversed(lines) if "#" not in line])
    more = LATER + 'fructosa_network_receive_bytes_total{interface="eth1"} 999999\n'
    less = "".join([line for line in lines if "ib0" not in line])

    assert 70 == grown((10, PAGE), (20, moved))
    assert 70 == grown((10, PAGE), (20, more))
    assert 20 == grown((10, PAGE), (20, less))
    assert 0 == grown((10, more), (20, less), (30, more))


def test_lines_that_are_parsed_each_time_count_as_well():
    """As those that have a time, of a page that an exporter collected."""
    pages = [page.replace("000\n", "000 17\n").replace("00\n", "00 17\n") for page in (PAGE, LATER)]

    assert 70 == grown((10, pages[0]), (20, pages[1]))


def test_a_series_that_stands_twice_counts_once():
    """The last one, as in Graphite."""
    page = 'fructosa_load_average{minutes="1"} 1\nfructosa_load_average{a="",minutes="1"} 2\n'

    taken = Translator().translate(page, "cluster.n1.", 10).addends

    assert {"load_average": 2} == named(contribution(taken, 0, None).amounts)


def test_pages_of_other_exporters_have_nothing_to_add():
    """So they cost nothing."""
    page = 'node_load1 1\nfructosa_load_average{minutes="5"} 1\nfructosa_cpu_threads_x 1\n'

    assert Translator().translate(page, "cluster.n1.", 10).addends is None


def test_nodes_that_say_the_same_share_what_is_picked():
    """Also where they differ elsewhere, as in their names; it ends with the last of them."""
    translator = Translator()
    pages = [f'{PAGE}uname{{node="n{number}"}} 1\n' for number in range(10)]

    found = [
        translator.translate(page, f"n{at}.", 100).addends.addend_index
        for at, page in enumerate(pages)
    ]
    known = translator._templates._addends
    shared = (len(set(map(id, found))), len(known))
    del found
    for at in range(10):
        translator.translate("up 1\n", f"n{at}.", 100)
    gc.collect()

    assert (1, 1) == shared
    assert 0 == len(known)


NUMBERS = st.floats() | st.integers(-(2**63), 2**64 - 1)
SERIES = ["cpu_threads", *(f'network_receive_bytes_total{{interface="e{n}"}}' for n in range(3))]
PAGES = st.dictionaries(st.sampled_from(SERIES), NUMBERS, min_size=1)


@given(st.lists(PAGES, min_size=1, max_size=4))
def test_no_numbers_make_a_sum_that_is_no_number(pages):
    """Neither infinite nor NaN, whatever nodes say, and whichever series they say each time."""
    picks, before, amounts = AddendIndexes(), None, []
    for at, page in enumerate(pages):
        placed = tuple((place, _part(series)) for place, series in enumerate(page))
        before = contribution(picks.shared(placed).values(list(page.values())), float(at), before)
        amounts.append(("compute", f"cluster.n{at}", before.amounts))

    found = totals(amounts)["compute"]

    assert len(TOTALS) == len(found)
    assert all(math.isfinite(amount) for amount in named(found).values())


def _part(series):
    metric, _, interface = series.partition('{interface="')
    return addend(f"fructosa_{metric}", [("interface", interface.rstrip('"}'))])


def test_sums_that_are_too_large_are_not_told():
    """As Graphite could not hold them."""
    taken = Translator().translate("fructosa_cpu_threads 1e308\n", "n.", 10).addends
    amounts = contribution(taken, 0, None).amounts

    assert {} == named(totals([("all", f"n{at}", amounts) for at in range(2)])["all"])


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
def test_whole_disks_wires_and_packages_are_added_up(metric, labels, quantity):
    """What holds others counts, and what it holds does not."""
    found = addend(metric, list(labels.items()))

    assert quantity == (found and TOTALS[found.total].quantity)


def test_sums_are_made_of_metrics_and_labels_that_the_agent_has():
    """Counters are called so that they are known as such."""
    declared = {metric.name: metric for sensor in SENSORS.values() for metric in sensor.metrics}

    for summed in TOTALS:
        metric = declared[summed.metric]
        assert {name for name, _ in summed.labels} <= set(metric.labels)
        assert summed.is_rate == (metric.type == "counter")


def test_what_dashboards_ask_of_lmaster_it_tells():
    """Each sum that is on a panel is one of these, and each of these is on a panel."""
    asked = {series.metric for board in DASHBOARDS for series in board.leaves("graphite")}

    expected = {summed.name for summed in TOTALS}
    assert expected == {name for name in asked if name.startswith("fructosa_cluster_")}


def test_lmaster_adds_up_what_prometheus_is_asked_to():
    """Of the same series, so that a panel shows the same from both."""
    queries = [
        query
        for board in DASHBOARDS
        for panel in board.panels
        for query in panel.queries
        if query.in_graphite is not None
    ]
    asked = {
        (ours.metric, theirs.metric, frozenset(_patterns(theirs.labels)))
        for query in queries
        for ours, theirs in zip(query.in_graphite.leaves(), query.expr.leaves(), strict=True)
        if ours.metric.startswith("fructosa_cluster_")
    }

    assert {(summed.name, summed.metric, frozenset(summed.labels)) for summed in TOTALS} == asked


def _patterns(labels):
    return [(name, getattr(value, "regex", value)) for name, value in labels if value != ANY]
