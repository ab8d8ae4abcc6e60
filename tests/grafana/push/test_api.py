"""Requests of Grafana's API, and responses that are not Grafana's."""

import pytest

from fructosa_grafana.push.access import GrafanaAccess
from fructosa_grafana.push.api import (
    CREATE_FOLDER,
    REPORT_HEALTH,
    RETURN_DASHBOARD,
    RETURN_FOLDER,
    SAVE_DASHBOARD,
    UNEXPECTED_RESPONSE,
    GrafanaApi,
)
from fructosa_grafana.push.api_errors import (
    ACCOUNT,
    CHECK_URL,
    FAILED,
    NO_PERMISSION,
    REFUSED,
    TOO_MANY_REQUESTS,
)
from fructosa_grafana.push.client import GrafanaClient
from fructosa_service.errors import ServiceError

from .fake_grafana import DENIED, TOKEN, VIEWER, grafana

CLUSTER = {"uid": "fructosa-cluster", "title": "Cluster", "panels": []}
FOLDER = {"id": 7, "uid": "fructosa"}
HTML, OTHER_JSON = (200, {}, b"<html>"), (200, {}, b"[]")


def call(fake, request, token=TOKEN):
    """Return the result of a function that gets the API."""
    with GrafanaClient(GrafanaAccess(url=fake.url, token=token)) as client:
        return request(GrafanaApi(client))


def error(fake, request, token=TOKEN):
    """Return the message of a request that fails."""
    with pytest.raises(ServiceError) as caught:
        call(fake, request, token)
    message = str(caught.value)
    assert message.isprintable()
    assert TOKEN not in message
    return message


def check(api):
    """Check that the server is a Grafana."""
    api.check_is_grafana()


def folder(api):
    """Return the folder."""
    return api.folder()


def create_folder(api):
    """Create the folder."""
    return api.create_folder()


def dashboard(api):
    """Return the saved dashboard."""
    return api.dashboard(CLUSTER)


def save(api):
    """Save a dashboard."""
    api.save(CLUSTER, FOLDER, None)


def test_a_server_that_is_not_a_grafana_gets_no_credentials(current):
    """The first request is sent without."""
    current.canned["GET", "/api/health"] = (200, {}, b'{"status": "UP"}')

    message = error(current, check)

    assert UNEXPECTED_RESPONSE.format(url=current.url, action=REPORT_HEALTH) == message
    assert [("GET", "/api/health", None, None)] == current.requests


@pytest.mark.parametrize("status", [401, 403])
def test_a_proxy_that_requires_credentials_may_be_in_front_of_grafana(current, status):
    """It would have to get them."""
    current.canned["GET", "/api/health"] = (status, {}, b"")

    call(current, check)


def test_a_missing_folder_is_none(server):
    """Current versions respond with 403 instead of 404."""
    assert call(server, folder) is None
    assert "FrUCToSA" == call(server, create_folder)["title"]
    assert "fructosa" == call(server, folder)["uid"]


def test_a_missing_dashboard_is_none(server):
    """It has no metadata either."""
    assert (None, {}) == call(server, dashboard)


def test_a_folder_with_the_same_title_is_reported():
    """Grafana 7.5 does not allow two of them."""
    with grafana(is_old=True) as fake:
        fake.add_folder("abc", "FrUCToSA")
        message = error(fake, create_folder)

    assert "a folder with this name exists, or is hidden from you; rename it" in message


def test_a_viewer_needs_the_role_editor(server):
    """A viewer may read, but not create or save."""
    message = error(server, create_folder, VIEWER)

    refused = REFUSED.format(url=server.url, action=CREATE_FOLDER)
    allowed = NO_PERMISSION.format(client=ACCOUNT.format(option="--token-file"))
    assert f"{refused} ({DENIED}): {allowed}" == message


def unexpected(action):
    """Return the error of a response that is not Grafana's, but for the URL."""
    return UNEXPECTED_RESPONSE.format(url="{url}", action=action)


def not_found(action):
    """Return the error of a response with the status 404, but for the URL."""
    return REFUSED.format(url="{url}", action=action) + f" (status 404); {CHECK_URL}"


@pytest.mark.parametrize(
    ("request_", "method", "path", "response", "expected"),
    [
        (check, "GET", "/api/health", HTML, unexpected(REPORT_HEALTH)),
        (check, "GET", "/api/health", (404, {}, b"<html>"), not_found(REPORT_HEALTH)),
        (
            check,
            "GET",
            "/api/health",
            (503, {}, b"{}"),
            FAILED.format(url="{url}", action=REPORT_HEALTH, status=503, reason=""),
        ),
        (folder, "GET", "/api/folders/fructosa", HTML, unexpected(RETURN_FOLDER)),
        (folder, "GET", "/api/folders/fructosa", (404, {}, b"<html>"), not_found(RETURN_FOLDER)),
        (create_folder, "POST", "/api/folders", OTHER_JSON, unexpected(CREATE_FOLDER)),
        (
            dashboard,
            "GET",
            "/api/dashboards/uid/fructosa-cluster",
            (200, {}, b'{"dashboard": 7, "meta": {}}'),
            unexpected(RETURN_DASHBOARD.format(title="'Cluster'")),
        ),
        (
            save,
            "POST",
            "/api/dashboards/db",
            (200, {}, b'{"uid": "x"}'),
            unexpected(SAVE_DASHBOARD.format(title="'Cluster'")),
        ),
        (
            save,
            "POST",
            "/api/dashboards/db",
            (429, {}, b""),
            REFUSED.format(url="{url}", action=SAVE_DASHBOARD.format(title="'Cluster'"))
            + f": {TOO_MANY_REQUESTS}",
        ),
    ],
)
def test_an_unexpected_response_is_an_error(current, request_, method, path, response, expected):
    """With the URL, and what was requested."""
    current.canned[method, path] = response

    assert expected.format(url=current.url) == error(current, request_)
