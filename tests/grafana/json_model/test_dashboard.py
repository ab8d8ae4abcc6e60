"""The JSON of dashboards: what holds for every one of them."""

import json
import re
from itertools import combinations

import pytest

from fructosa_grafana.dashboards import BOARDS
from fructosa_grafana.files import BACKENDS, models, name
from fructosa_grafana.json_model.dashboard import model
from fructosa_grafana.panels.dashboard import Dashboard, Row
from fructosa_grafana.panels.panel import Graph, Query, Table
from fructosa_grafana.queries.expressions import ANY, node, nodes

MODELS = models()
EACH = pytest.mark.parametrize("board", MODELS, ids=lambda board: board["uid"])


def all_panels(board):
    """Return rows and panels, those in folded rows too."""
    return [one for panel in board["panels"] for one in (panel, *panel.get("panels", ()))]


def strings(made):
    """Yield every string in a JSON value."""
    if isinstance(made, dict):
        for key, value in made.items():
            yield from strings(key)
            yield from strings(value)
    elif isinstance(made, list):
        for value in made:
            yield from strings(value)
    elif isinstance(made, str):
        yield made


@EACH
def test_panels_have_ids_of_their_own(board):
    """Links to a panel lead to one."""
    ids = [panel["id"] for panel in all_panels(board)]

    assert len(set(ids)) == len(ids)


@EACH
def test_panels_have_titles_of_their_own(board):
    """People speak of a panel by its title."""
    titles = [panel["title"] for panel in all_panels(board) if panel["type"] != "row"]

    assert sorted(set(titles)) == sorted(titles)


@EACH
def test_no_panel_lies_on_another_one(board):
    """What is unfolded shares the page; each folded row has a page of its own below it."""
    pages = [board["panels"], *(panel["panels"] for panel in board["panels"] if "panels" in panel)]

    for page in pages:
        for one, other in combinations((panel["gridPos"] for panel in page), 2):
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert beside or below, (one, other)
        assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in page)


@EACH
def test_each_panel_says_what_it_shows_and_what_it_asks_for(board):
    """A description for people, and how many series that costs the database."""
    for panel in all_panels(board):
        if panel["type"] != "row":
            assert panel["title"]
            assert re.search(
                r"\S\.\n\nAsks (Graphite|Prometheus) for \d+ series", panel["description"]
            ), panel["title"]


@EACH
def test_the_data_source_is_chosen_by_a_variable(board):
    """As a string, which Grafana 7.5 takes and newer ones bring up to date."""
    kinds = {one["name"]: one["type"] for one in board["templating"]["list"]}

    assert "datasource" == kinds["datasource"]
    for panel in all_panels(board):
        if panel["type"] != "row":
            assert "$datasource" == panel["datasource"]


@EACH
def test_every_variable_that_is_used_is_declared(board):
    """Grafana leaves an unknown one as it is, and the panel stays empty."""
    declared = {one["name"] for one in board["templating"]["list"]}
    of_grafana = {"__all", "__rate_interval", "__url_time_range", "__series", "__field", "__value"}
    text = "\n".join(strings(board))

    used = set(re.findall(r"\$\{?([A-Za-z_]\w*)", text))

    assert declared == used & declared | {"datasource"}
    assert set() == used - declared - of_grafana


@EACH
def test_links_lead_to_dashboards_that_there_are(board):
    """From the cluster to a node, for the same data source."""
    uids = {other["uid"] for other in MODELS}

    led_to = re.findall(r"/d/([\w-]+)\?", "\n".join(strings(board)))

    assert set(led_to) <= uids
    assert all(uid.rsplit("-")[-1] == board["uid"].rsplit("-")[-1] for uid in led_to)


def test_there_is_a_link_from_the_cluster_to_its_nodes():
    """In both kinds."""
    for backend in BACKENDS:
        cluster = next(one for one in MODELS if one["uid"] == f"fructosa-cluster-{backend}")
        assert f"/d/fructosa-node-{backend}?" in json.dumps(cluster)


def test_a_folded_row_holds_its_panels():
    """Only then Grafana asks for nothing until it is opened."""
    graph = Graph(title="T", about="A.", queries=(Query(node("a_b"), "x"),))
    board = Dashboard("n", "N", "A.", "node", (Row("R", (graph, graph), folded_in=("graphite",)),))

    folded, open_ = model(board, "graphite"), model(board, "prometheus")

    assert [1] == [panel["id"] for panel in folded["panels"]]
    assert [2, 3] == [panel["id"] for panel in folded["panels"][0]["panels"]]
    assert [1, 2, 3] == [panel["id"] for panel in open_["panels"]]


def test_what_a_panel_asks_for_is_counted_from_its_queries():
    """By what tells the series apart."""
    queries = (
        Query(nodes("a_b"), "x"),
        Query(nodes("c_d", disk=ANY).sum(), "y"),
        Query(nodes("e_f", disk=ANY).max(), "z"),
    )
    graph = Graph(title="T", about="A.", queries=queries)
    board = Dashboard("n", "N", "A.", "nodes", (Row("R", (graph,)),))

    made = model(board, "graphite")["panels"][1]["description"]

    assert (
        "A.\n\nAsks Graphite for 1 series a node and 2 series for each instance and disk." == made
    )


def test_a_dashboard_of_all_nodes_may_look_closer_at_one_of_them():
    """Which is chosen among those that have what it is about."""
    graph = Graph(title="T", about="A.", queries=(Query(node("a_b"), "x"),))
    board = Dashboard("n", "N", "A.", "nodes", (Row("R", (graph,)),), example="c_d")

    asked = {
        backend: {one["name"]: one["query"] for one in made["templating"]["list"]}
        for backend in BACKENDS
        if (made := model(board, backend))
    }

    assert "${prefix}*" == asked["graphite"]["node"]
    assert (
        'label_values(c_d{cluster=~"$cluster",job=~"$job"}, instance)'
        == (asked["prometheus"]["node"])
    )


def test_a_table_has_a_row_for_what_is_equal_in_its_keys():
    """Each is a column that comes first; Graphite has one for all of them."""
    load = nodes("a_b", gpu=ANY, uuid=ANY)
    queries = (Query(load.sum("instance", "gpu"), "A"), Query(load.max("instance", "gpu"), "B"))
    table = Table(title="T", about="A.", queries=queries, by=("instance", "gpu"))
    board = Dashboard("n", "N", "A.", "nodes", (Row("R", (table,)),))

    of = {backend: model(board, backend)["panels"][1] for backend in BACKENDS}
    columns = {backend: of[backend]["transformations"][1]["options"] for backend in BACKENDS}

    assert {"instance": 0, "gpu": 1} == columns["prometheus"]["indexByName"]
    named = {"instance": "Node", "gpu": "GPU", "Value #A": "A", "Value #B": "B"}
    assert named.items() <= columns["prometheus"]["renameByName"].items()
    assert {"Field": "Node GPU"} == columns["graphite"]["renameByName"]
    assert r"'^(.+?)\.(.+)$', '\1 \2'" in of["graphite"]["targets"][0]["target"]


def test_prefix_and_interval_are_those_that_are_given():
    """A configuration's are the first that people see."""
    board = models(["graphite"], prefix="site.cluster", interval_s=20)[0]

    current = {
        one["name"]: one.get("current", {}).get("value") for one in board["templating"]["list"]
    }

    assert "site.cluster." == current["prefix"]
    assert "20s" == current["interval"]


def test_files_are_called_as_their_dashboards():
    """People find them."""
    assert [board.name for board in BOARDS] == [name(made) for made in models(["graphite"])]
