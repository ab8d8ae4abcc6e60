"""Push dashboards to a Grafana that behaves as 7.5, or as a current one."""

import copy

import pytest

from fructosa_grafana.push.access import GrafanaAccess
from fructosa_grafana.push.api import SAVE_DASHBOARD
from fructosa_grafana.push.api_errors import REFUSED, SAME_TITLE, SAVED_MEANWHILE, WRONG_TOKEN
from fructosa_grafana.push.push import PushResult, push
from fructosa_service.errors import ServiceError

from .fake_grafana import TOKEN, grafana

CLUSTER = {
    "uid": "fructosa-cluster",
    "title": "Cluster",
    "schemaVersion": 27,
    "panels": [{"title": "Load", "datasource": "$datasource", "targets": [{"expr": "up"}]}],
}
NODE = {"uid": "fructosa-node", "title": "Node", "schemaVersion": 27, "panels": []}
NEWER_NODE = NODE | {"description": "all of one node"}
BOARDS = [CLUSTER, NODE]


def pushed(fake, boards=BOARDS, *, is_dry_run=False):
    """Push; return the reported results without their URLs."""
    results = []
    access = GrafanaAccess(url=fake.url, token=TOKEN)
    push(access, boards, results.append, is_dry_run=is_dry_run)
    return [str(result).removesuffix(result.url).strip() for result in results]


def error(fake, boards=BOARDS, *, is_dry_run=False):
    """Push to a Grafana that refuses; return the message."""
    with pytest.raises(ServiceError) as caught:
        pushed(fake, boards, is_dry_run=is_dry_run)
    return str(caught.value)


def saved(fake, uid="fructosa-cluster"):
    """Return a dashboard that a Grafana has saved."""
    return fake.dashboards[uid][0]


def test_an_empty_grafana_gets_a_folder_and_dashboards(server):
    """Each is reported."""
    results = pushed(server)

    assert ["created: folder FrUCToSA", "created: Cluster", "created: Node"] == results
    assert {"fructosa": "FrUCToSA"} == {u: f["title"] for u, f in server.folders.items()}
    assert {**CLUSTER, "id": 1, "version": 1} == saved(server)
    assert {"fructosa"} == {meta["folder"] for _, meta in server.dashboards.values()}


def test_a_second_push_sends_nothing(server):
    """So Grafana's version history does not grow."""
    pushed(server)
    server.requests.clear()

    results = pushed(server)

    assert ["unchanged: Cluster", "unchanged: Node"] == results
    assert {"GET"} == {method for method, _ in server.requested}


def test_only_a_changed_dashboard_is_sent(server):
    """It replaces the version that was compared, with a message that names FrUCToSA."""
    pushed(server)

    results = pushed(server, [CLUSTER, NEWER_NODE])

    assert ["unchanged: Cluster", "updated: Node"] == results
    assert {**NEWER_NODE, "id": 2, "version": 2} == saved(server, "fructosa-node")
    assert server.sent[-1]["message"].startswith("FrUCToSA ")


def test_changes_that_people_saved_are_overwritten(server):
    """They belong into a copy of the dashboard."""
    pushed(server)
    saved(server)["panels"].append({"title": "mine"})

    results = pushed(server)

    assert ["updated: Cluster", "unchanged: Node"] == results
    assert CLUSTER["panels"] == saved(server)["panels"]


def test_a_migrated_dashboard_is_unchanged(current):
    """Otherwise every push would be an update."""
    pushed(current)
    saved(current).update(schemaVersion=42, fiscalYearStartMonth=0)

    assert ["unchanged: Cluster", "unchanged: Node"] == pushed(current)


def test_a_dashboard_in_another_folder_is_moved(server):
    """It is identified by its uid."""
    server.add_folder("other", "Other")
    pushed(server)
    server.dashboards["fructosa-cluster"][1]["folder"] = "other"

    results = pushed(server)

    assert ["updated: Cluster", "unchanged: Node"] == results
    assert "fructosa" == server.dashboards["fructosa-cluster"][1]["folder"]


def test_an_existing_folder_keeps_its_title(server):
    """People may rename it."""
    server.add_folder("fructosa", "Our cluster")

    assert ["created: Cluster", "created: Node"] == pushed(server)
    assert ["Our cluster"] == [folder["title"] for folder in server.folders.values()]


def test_a_dry_run_sends_nothing(server):
    """It reports what a push would do."""
    results = pushed(server, is_dry_run=True)

    would = "would be created: "
    assert [f"{would}folder FrUCToSA", f"{would}Cluster", f"{would}Node"] == results
    assert {"GET"} == {method for method, _ in server.requested}


def test_a_dry_run_compares_as_a_push_does(server):
    """Nothing is saved."""
    pushed(server)

    results = pushed(server, [CLUSTER, NEWER_NODE], is_dry_run=True)

    assert ["unchanged: Cluster", "would be updated: Node"] == results
    assert NODE | {"id": 2, "version": 1} == saved(server, "fructosa-node")


def test_a_result_has_the_url_of_the_dashboard():
    """Below the path under which Grafana is served."""
    results = []
    with grafana(prefix="/grafana") as fake:
        push(GrafanaAccess(url=fake.url, token=TOKEN), [CLUSTER], results.append)

    assert f"{fake.url}/d/fructosa-cluster" == results[-1].url
    assert "/grafana/d/" in results[-1].url


def test_a_result_is_printed_as_one_line():
    """The action, the title and the URL."""
    result = PushResult(action="updated", title="Node", url="http://g/d/n", is_dry_run=True)

    assert "would be updated: Node http://g/d/n" == str(result)


def test_another_dashboard_with_the_same_title_is_not_overwritten():
    """Grafana 7.5 would give the new dashboard the uid of the old one, which would be lost."""
    with grafana(is_old=True) as fake:
        fake.add_folder()
        fake.dashboards["mine"] = ({"title": "Cluster", "version": 3}, {"folder": "fructosa"})
        message = error(fake)

    refused = REFUSED.format(url=fake.url, action=SAVE_DASHBOARD.format(title="'Cluster'"))
    assert f"{refused} (the same name already exists): {SAME_TITLE}" == message
    assert ["mine"] == list(fake.dashboards)


def test_a_version_that_was_saved_in_the_meantime_is_not_overwritten(server):
    """Between the comparison and the request to save."""
    pushed(server)
    saved(server)["title"] = "mine"
    path = "/api/dashboards/uid/fructosa-cluster"
    stale = copy.deepcopy(server.respond("GET", path, f"Bearer {TOKEN}", None))
    saved(server)["version"] = 8
    respond = server.respond
    server.respond = lambda method, path, *rest: (
        stale if path.endswith("/fructosa-cluster") else respond(method, path, *rest)
    )

    message = error(server)

    assert message.endswith(f": {SAVED_MEANWHILE}")
    assert (8, "mine") == (saved(server)["version"], saved(server)["title"])


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_a_provisioned_dashboard_is_not_replaced(server, is_dry_run):
    """Grafana would refuse; a dry run reports it, too."""
    pushed(server)
    server.dashboards["fructosa-cluster"][1]["provisioned"] = True
    sent = len(server.sent)

    assert ["unchanged: Cluster", "unchanged: Node"] == pushed(server)
    message = error(server, [CLUSTER | {"tags": ["new"]}], is_dry_run=is_dry_run)

    assert message.startswith(f"{server.url} has 'Cluster' provisioned from a file")
    assert sent == len(server.sent)


def test_a_wrong_token_is_refused(current):
    """It is not shown."""
    access = GrafanaAccess(url=current.url, token="glsa_wrong")  # noqa: S106
    with pytest.raises(ServiceError, match=WRONG_TOKEN) as caught:
        push(access, BOARDS, print)

    assert "glsa_wrong" not in str(caught.value)
