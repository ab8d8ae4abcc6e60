"""Whether a saved dashboard equals the one to push."""

import copy

import pytest

from fructosa_grafana.push.comparison import is_unchanged

PUSHED = {
    "uid": "fructosa-cluster",
    "title": "Cluster",
    "schemaVersion": 27,
    "panels": [{"title": "Load", "datasource": "$datasource", "targets": [{"expr": "up"}]}],
}
SAVED = PUSHED | {"id": 3, "version": 7}


def migrated():
    """Return the dashboard as a newer Grafana returns it."""
    newer = copy.deepcopy(SAVED) | {"schemaVersion": 42, "fiscalYearStartMonth": 0}
    for panel in newer["panels"]:
        panel["datasource"] = {"type": "prometheus", "uid": "$datasource"}
        panel["targets"][0]["refId"] = "A"
    return newer


def test_id_and_version_do_not_count():
    """Grafana sets them."""
    assert is_unchanged(SAVED, PUSHED)


@pytest.mark.parametrize(
    "change",
    [{"description": "mine"}, {"title": "Mine"}, {"panels": []}, {"schemaVersion": 26}],
)
def test_any_other_difference_counts(change):
    """Also what people have added."""
    assert not is_unchanged(SAVED | change, PUSHED)


def test_a_migrated_dashboard_may_contain_more():
    """Otherwise every push would be an update."""
    assert is_unchanged(migrated(), PUSHED)


@pytest.mark.parametrize(
    "change",
    [
        lambda board: board.update(title="Mine"),
        lambda board: board["panels"].append({}),
        lambda board: board["panels"][0]["targets"][0].update(expr="down"),
        lambda board: board["panels"][0].update(datasource={"uid": "another"}),
        lambda board: board["panels"][0].pop("title"),
    ],
)
def test_a_migrated_dashboard_must_contain_all_that_is_pushed(change):
    """Otherwise somebody has changed it."""
    board = migrated()
    change(board)

    assert not is_unchanged(board, PUSHED)
