"""What holds for every dashboard, as Grafana loads it."""

import json
import re
from itertools import combinations

import pytest

from fructosa_grafana.files import models
from fructosa_grafana.panels.panel import BACKENDS

MODELS = models()
EACH = pytest.mark.parametrize("board", MODELS, ids=lambda board: board["uid"])


def rows_and_panels(board):
    """Return rows and panels, including those in collapsed rows."""
    return [one for panel in board["panels"] for one in (panel, *panel.get("panels", ()))]


def panels(board):
    """Return all panels."""
    return [panel for panel in rows_and_panels(board) if panel["type"] != "row"]


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
def test_ids_are_unique(board):
    """A link to a panel has its id."""
    ids = [panel["id"] for panel in rows_and_panels(board)]

    assert len(set(ids)) == len(ids)


@EACH
def test_panel_titles_are_unique(board):
    """People refer to a panel by its title."""
    titles = [panel["title"] for panel in panels(board)]

    assert sorted(set(titles)) == sorted(titles)


@EACH
def test_panels_do_not_overlap(board):
    """Open rows share the page; a collapsed row has a page of its own."""
    pages = [board["panels"], *(panel["panels"] for panel in board["panels"] if "panels" in panel)]

    for page in pages:
        for one, other in combinations((panel["gridPos"] for panel in page), 2):
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert beside or below, (one, other)
        assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in page)


@EACH
def test_each_panel_has_a_description_with_its_number_of_series(board):
    """People see what a panel shows, and what it costs the database."""
    for panel in panels(board):
        assert panel["title"]
        assert re.search(r"\S\.\n\n\w+ .*\b\d+ series", panel["description"]), panel["title"]


@EACH
def test_the_data_source_is_a_variable(board):
    """As a string, which Grafana 7.5 requires and newer versions migrate."""
    types = {variable["name"]: variable["type"] for variable in board["templating"]["list"]}

    assert "datasource" == types["datasource"]
    assert {"$datasource"} == {panel["datasource"] for panel in panels(board)}


@EACH
def test_every_variable_is_declared_and_used(board):
    """Grafana leaves an unknown variable in the query, and the panel stays empty."""
    declared = {variable["name"] for variable in board["templating"]["list"]}
    of_grafana = {"__all", "__rate_interval", "__url_time_range", "__series", "__field", "__value"}
    text = "\n".join(strings(board))

    used = set(re.findall(r"\$\{?([A-Za-z_]\w*)", text))

    assert declared == used & declared | {"datasource"}
    assert set() == used - declared - of_grafana


@EACH
def test_links_lead_to_existing_dashboards_for_the_same_data_source(board):
    """From the cluster to a node."""
    uids = {other["uid"] for other in MODELS}

    linked = re.findall(r"/d/([\w-]+)\?", "\n".join(strings(board)))

    assert set(linked) <= uids
    assert all(uid.rsplit("-")[-1] == board["uid"].rsplit("-")[-1] for uid in linked)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_cluster_links_to_its_nodes(backend):
    """In both versions."""
    cluster = next(board for board in MODELS if board["uid"] == f"fructosa-cluster-{backend}")

    assert f"/d/fructosa-node-{backend}?" in json.dumps(cluster)
