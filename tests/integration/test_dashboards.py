"""Every query of every panel, asked of a real Graphite and a real Prometheus that hold data."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from fructosa_grafana.files import models
from fructosa_grafana.queries.expressions import nodes
from fructosa_grafana.queries.graphite import text

from . import contact_sheet, grafana_names, grafana_types
from .processes import wait_until
from .test_alerts import send
from .test_grafana_types import require
from .whole_system import PLAIN, RECORDED

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "test-output/dashboards"
# Rates of a system whose slots are a second.
RATE = "5s"
HOST = next(iter(RECORDED))


class Asked(NamedTuple):
    """A query of a panel, as its JSON has it."""

    board: str
    panel: str
    target: dict

    def __str__(self):
        return f"{self.board}: {self.panel}: {self.target['refId']}"


def asked(backend):
    """Return the queries of all dashboards for a data source."""
    return [
        Asked(board["title"], panel["title"], target)
        for board in models([backend])
        for one in board["panels"]
        for panel in (one, *one.get("panels", ()))
        for target in panel.get("targets", ())
    ]


def variables(system, backend):
    """Return what the variables of dashboards stand for, as Grafana fills them in."""
    if backend == "graphite":
        chosen = {"prefix": f"{system.prefix}.", "nodes": "*", "master": "*"}
        return {**chosen, "node": system.node(HOST)}
    chosen = {"cluster": system.cluster, "job": ".*", "group": ".*"}
    return {**chosen, "node": system.instance(HOST), "__rate_interval": RATE}


def filled(query, values):
    """Return a query with its variables filled in."""
    return re.sub(r"\$\{?(\w+)\}?", lambda found: values[found[1]], query)


ANSWERS = {}  # the system rests, so what it has answered it would answer again
AT_ONCE = 30


def in_graphite(system, one):
    """Return the names of the series that a query has points of."""
    values = variables(system, "graphite")
    if not ANSWERS:
        wanted = {filled(each.target["target"], values): None for each in asked("graphite")}
        for first in range(0, len(wanted), AT_ONCE):
            ANSWERS.update(answered(system, list(wanted)[first : first + AT_ONCE]))
    return ANSWERS[filled(one.target["target"], values)]


def answered(system, targets):
    """Ask Graphite for *targets* at once; return the names by target.

    Each name begins with the number of the target that it belongs to.
    """
    found = {target: set() for target in targets}
    numbered = [f'aliasSub({target}, "^", "{n}|")' for n, target in enumerate(targets)]
    for series, points in system.render(numbered).items():
        number, _, name = series.partition("|")
        if points:
            found[targets[int(number)]].add(name)
    return found


def in_prometheus(system, one):
    """Return the names that a query's series have by its legend, nodes called as in Graphite."""
    expr = filled(one.target["expr"], variables(system, "prometheus"))
    return {legend(system, one.target["legendFormat"], labels) for labels, _ in system.query(expr)}


def legend(system, pattern, labels):
    """Return the name that the data source gives a series."""
    nodes = {system.instance(host): system.node(host) for host in system.hosts}
    name = re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), pattern)
    for instance, node in nodes.items():
        name = name.replace(instance, node)
    return name


def test_every_query_returns_data_from_graphite(whole_system):
    """Also those of hardware that few nodes have."""
    empty = [str(one) for one in asked("graphite") if not in_graphite(whole_system, one)]

    assert [] == empty


def test_every_query_returns_data_from_prometheus(whole_system):
    """The same ones."""
    empty = [str(one) for one in asked("prometheus") if not in_prometheus(whole_system, one)]

    assert [] == empty


def test_both_draw_the_same_lines(whole_system):
    """By the same names, but for the highest of something, which differ by when they are asked."""
    graphite = {key(one): one for one in asked("graphite")}
    prometheus = {key(one): one for one in asked("prometheus")}
    compared = [
        one
        for one in graphite.keys() & prometheus.keys()
        if prometheus[one].target["format"] == "time_series"
        and "topk" not in prometheus[one].target["expr"]
    ]

    different = {
        one: (drawn, also)
        for one in compared
        if (drawn := in_graphite(whole_system, graphite[one]))
        != (also := in_prometheus(whole_system, prometheus[one]))
    }

    assert len(compared) > 150
    assert {} == different


def key(one):
    """Return what a query has in common with that of the other data source."""
    return one.board.partition(" (")[0], one.panel, one.target["refId"]


def test_a_counter_that_begins_anew_is_a_gap_and_no_spike(graphite):
    """A node that was booted counts from zero again."""
    now_s = int(time.time()) - 5
    counted = {now_s - 4: 100.0, now_s - 3: 110.0, now_s - 2: 3.0, now_s - 1: 13.0}
    send(graphite, [("anew.n1.a_total", point) for point in counted.items()])
    query = filled(text(nodes("a_total").rate()), {"prefix": "anew.", "nodes": "*"})

    rates = wait_until(lambda: graphite.render(query, now_s - 10), lambda: "no points")

    assert [{now_s - 3: 10.0, now_s - 1: 10.0}] == list(rates.values())


def test_a_ratio_leaves_out_what_has_nothing_to_be_divided_by(graphite):
    """Also where that comes first, for which Graphite alone would fail."""
    now_s = int(time.time()) - 5
    told = ["n1.a", "n2.a", "n2.b", "n3.b"]
    send(graphite, [(f"partly.{path}", (now_s, 3.0)) for path in told])
    query = filled(text(nodes("a") / nodes("b")), {"prefix": "partly.", "nodes": "*"})

    found = wait_until(lambda: graphite.render(query, now_s - 10), lambda: "no points")

    ((name, points),) = found.items()
    assert {now_s: 1.0} == points
    assert "partly.n2.a" in name or "asPercent(n2,n2)" in name


def test_variables_offer_what_there_is(whole_system):
    """Nodes by the prefix in Graphite, and by their labels in Prometheus."""
    node = {
        backend: next(
            one["query"]
            for board in models([backend])
            if board["uid"] == f"fructosa-node-{backend}"
            for one in board["templating"]["list"]
            if one["name"] == "node"
        )
        for backend in ("graphite", "prometheus")
    }

    paths = whole_system.find(filled(node["graphite"], variables(whole_system, "graphite")))
    values = variables(whole_system, "prometheus")
    match, label = re.fullmatch(r"label_values\((.*), (\w+)\)", node["prometheus"]).groups()
    instances = whole_system.label_values(filled(match, values), label)

    assert {whole_system.node(host) for host in whole_system.hosts} == {
        path.rpartition(".")[2] for path in paths
    }
    agents = {whole_system.instance(host) for host in (*PLAIN, *RECORDED)}
    assert agents == set(instances)


def test_the_pictures_that_graphite_draws_are_on_a_contact_sheet(whole_system, browser):
    """One for each panel, to be looked at: test-output/dashboards/contact-sheet.png."""
    panels = {}
    for one in asked("graphite"):
        panels.setdefault((one.board, one.panel), []).append(one.target["target"])
    values = variables(whole_system, "graphite")
    different = list(dict.fromkeys(map(tuple, panels.values())))  # some are on two dashboards

    with ThreadPoolExecutor(2) as pool:
        drawn = pool.map(
            lambda targets: whole_system.png(
                [filled(target, values) for target in targets], width=400, height=220
            ),
            different,
        )
        pngs = dict(zip(different, drawn, strict=True))
    pictures = [
        (*place, "\n".join(targets), "", pngs[tuple(targets)]) for place, targets in panels.items()
    ]
    sheet = contact_sheet.write(OUTPUT, "Every panel, drawn by Graphite", pictures, browser)

    assert all(png.startswith(b"\x89PNG") for *_, png in pictures)
    assert sheet.with_suffix(".png").stat().st_size > 0


def test_dashboards_have_the_types_that_grafana_has():
    """Those of 7.5 and of a current one, by TypeScript's compiler."""
    require()

    assert "" == grafana_types.check(models())


def test_dashboards_name_units_and_calculations_that_grafana_knows():
    """Those of 7.5 and of a current one; an unknown unit shows as plain text."""
    require()

    assert [] == [one for board in models() for one in grafana_names.strangers(board)]
