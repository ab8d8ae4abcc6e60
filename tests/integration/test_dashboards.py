"""All queries of all panels, sent to a real Graphite and a real Prometheus with data."""

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
# The interval for rates; slots are one second.
RATE = "5s"
HOST = next(iter(RECORDED))


class PanelQuery(NamedTuple):
    """A query of a panel, from its JSON."""

    board: str
    panel: str
    target: dict

    def __str__(self):
        return f"{self.board}: {self.panel}: {self.target['refId']}"


def panel_queries(backend):
    """Return the queries of all dashboards for a data source."""
    return [
        PanelQuery(board["title"], panel["title"], target)
        for board in models([backend])
        for one in board["panels"]
        for panel in (one, *one.get("panels", ()))
        for target in panel.get("targets", ())
    ]


def variables(system, backend):
    """Return the values of the dashboards' variables, as Grafana sets them."""
    if backend == "graphite":
        chosen = {"prefix": f"{system.prefix}.", "nodes": "*", "master": "*"}
        return {**chosen, "node": system.node(HOST)}
    chosen = {"cluster": system.cluster, "job": ".*", "group": ".*"}
    return {**chosen, "node": system.instance(HOST), "__rate_interval": RATE}


def filled(query, values):
    """Return a query with its variables replaced."""
    return re.sub(r"\$\{?(\w+)\}?", lambda found: values[found[1]], query)


RESULTS = {}  # the system rests, so the results do not change
BATCH = 30


def in_graphite(system, one):
    """Return the names of the series with points that a query returns."""
    values = variables(system, "graphite")
    if not RESULTS:
        wanted = {filled(each.target["target"], values): None for each in panel_queries("graphite")}
        for first in range(0, len(wanted), BATCH):
            RESULTS.update(query_graphite(system, list(wanted)[first : first + BATCH]))
    return RESULTS[filled(one.target["target"], values)]


def query_graphite(system, targets):
    """Query Graphite for all *targets* in one request; return the names of series by target.

    The names of the series are prefixed with the number of their target.
    """
    found = {target: set() for target in targets}
    numbered = [f'aliasSub({target}, "^", "{n}|")' for n, target in enumerate(targets)]
    for series, points in system.render(numbered).items():
        number, _, name = series.partition("|")
        if points:
            found[targets[int(number)]].add(name)
    return found


def in_prometheus(system, one):
    """Return the names of a query's series from its legend, with the node names of Graphite."""
    expr = filled(one.target["expr"], variables(system, "prometheus"))
    return {legend(system, one.target["legendFormat"], labels) for labels, _ in system.query(expr)}


def legend(system, pattern, labels):
    """Return the name that Prometheus' data source gives a series."""
    nodes = {system.instance(host): system.node(host) for host in system.hosts}
    name = re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), pattern)
    for instance, node in nodes.items():
        name = name.replace(instance, node)
    return name


def test_every_query_returns_data_from_graphite(whole_system):
    """This includes queries for hardware that few nodes have."""
    empty = [str(one) for one in panel_queries("graphite") if not in_graphite(whole_system, one)]

    assert [] == empty


def test_every_query_returns_data_from_prometheus(whole_system):
    """The same queries return data from Prometheus."""
    empty = [
        str(one) for one in panel_queries("prometheus") if not in_prometheus(whole_system, one)
    ]

    assert [] == empty


def test_both_return_series_of_the_same_names(whole_system):
    """Except for queries of the highest values, which depend on the time of the query."""
    graphite = {key(one): one for one in panel_queries("graphite")}
    prometheus = {key(one): one for one in panel_queries("prometheus")}
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
    """Return what identifies a query in both data sources."""
    return one.board.partition(" (")[0], one.panel, one.target["refId"]


def test_a_counter_reset_gives_a_gap_and_not_a_spike(graphite):
    """After a reboot, a node counts from zero."""
    now_s = int(time.time()) - 5
    counted = {now_s - 4: 100.0, now_s - 3: 110.0, now_s - 2: 3.0, now_s - 1: 13.0}
    send(graphite, [("anew.n1.a_total", point) for point in counted.items()])
    query = filled(text(nodes("a_total").rate()), {"prefix": "anew.", "nodes": "*"})

    rates = wait_until(lambda: graphite.render(query, now_s - 10), lambda: "no points")

    assert [{now_s - 3: 10.0, now_s - 1: 10.0}] == list(rates.values())


def test_a_ratio_leaves_out_series_without_a_divisor(graphite):
    """Also if such a series comes first, for which plain Graphite would fail."""
    now_s = int(time.time()) - 5
    paths = ["n1.a", "n2.a", "n2.b", "n3.b"]
    send(graphite, [(f"partly.{path}", (now_s, 3.0)) for path in paths])
    query = filled(text(nodes("a") / nodes("b")), {"prefix": "partly.", "nodes": "*"})

    found = wait_until(lambda: graphite.render(query, now_s - 10), lambda: "no points")

    ((name, points),) = found.items()
    assert {now_s: 1.0} == points
    assert "partly.n2.a" in name or "asPercent(n2,n2)" in name


def test_variables_offer_the_existing_nodes(whole_system):
    """Nodes are found by the prefix in Graphite, and by labels in Prometheus."""
    node = {
        backend: next(
            one
            for board in models([backend])
            if board["uid"] == f"fructosa-node-{backend}"
            for one in board["templating"]["list"]
            if one["name"] == "node"
        )
        for backend in ("graphite", "prometheus")
    }

    paths = whole_system.find(
        filled(node["graphite"]["query"], variables(whole_system, "graphite"))
    )
    values = variables(whole_system, "prometheus")
    match, label = re.fullmatch(
        r"label_values\((.*), (\w+)\)", node["prometheus"]["query"]
    ).groups()
    instances = whole_system.label_values(filled(match, values), label)

    names = {path.rpartition(".")[2] for path in paths}
    assert {whole_system.node(host) for host in whole_system.hosts} == {
        name for name in names if re.match(node["graphite"]["regex"].strip("/"), name)
    }
    assert "slurm" in names
    agents = {whole_system.instance(host) for host in (*PLAIN, *RECORDED)}
    assert agents == set(instances)


def test_the_contact_sheet_shows_every_panel_as_graphite_draws_it(whole_system, browser):
    """The sheet is test-output/dashboards/contact-sheet.png, for people to look at."""
    panels = {}
    for one in panel_queries("graphite"):
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


def test_dashboards_match_the_types_of_grafana():
    """Both of 7.5 and of a current version, checked by TypeScript's compiler."""
    require()

    assert "" == grafana_types.check(models())


def test_dashboards_use_units_and_calculations_that_grafana_knows():
    """Both 7.5 and a current version; Grafana shows an unknown unit as plain text."""
    require()

    assert [] == [one for board in models() for one in grafana_names.unknown_names(board)]
