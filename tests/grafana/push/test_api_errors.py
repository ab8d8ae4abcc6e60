"""Messages for error responses."""

import pytest

from fructosa_grafana.push.api_errors import CHECK_URL, error_message, message_of, redirect_error

URL = "http://host"
SAVE = "save the dashboard 'Cluster'"


def message(status, body=None, option="--token-file"):
    """Return the message for a response."""
    return error_message(URL, SAVE, status, body, option)


@pytest.mark.parametrize(
    ("option", "advice"),
    [
        ("--token-file", "rejected the token; put the token of a service account into --token-f"),
        ("--user", "rejected the user name or the password"),
        (None, "requires authentication; give --token-file FILE, or --user NAME --password-file"),
    ],
)
def test_missing_or_wrong_credentials(option, advice):
    """The advice depends on what was given; Grafana's own message comes last."""
    found = message(401, {"message": "Unauthorized"}, option)

    assert found.startswith(f"{URL} {advice}")
    assert found.endswith(" (Unauthorized)")


@pytest.mark.parametrize(
    ("option", "who"), [("--user", "the account of --user"), (None, "anonymous access")]
)
def test_missing_permission(option, who):
    """The message names the role that is needed."""
    found = message(403, {"message": "Denied"}, option)

    assert found.startswith(f"{URL} refused to {SAVE} (Denied): {who} needs the role Editor")


@pytest.mark.parametrize(
    ("status", "body", "part"),
    [
        (412, {"status": "name-exists"}, "has the same title"),
        (412, {"status": "version-mismatch"}, "somebody saved it in the meantime"),
        (412, {"status": "plugin-dashboard"}, "belongs to a plug-in"),
        (412, {"status": []}, "conflicts with existing content"),
        (412, None, "conflicts with existing content"),
        (429, None, "too many requests; try again later"),
        (500, {"message": "database is locked"}, "(status 500) (database is locked); check Graf"),
        (404, None, f"refused to {SAVE} (status 404); {CHECK_URL}"),
    ],
)
def test_other_errors(status, body, part):
    """What failed, why, and what to do."""
    found = message(status, body)

    assert found.startswith(f"{URL} ")
    assert SAVE in found
    assert part in found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"message": "bad\x1b[31m"}, " ('bad\\x1b[31m')"),
        ({"message": " two\n lines "}, " (two lines)"),
        ({"message": 7}, ""),
        ([], ""),
    ],
)
def test_a_message_of_grafana_is_shown_on_one_line(body, expected):
    """Without control characters."""
    assert expected == message_of(body)


@pytest.mark.parametrize("location", [None, "", "http://user:password@host/"])
def test_a_redirect_target_with_a_password_is_not_shown(location):
    """Nor one that is missing."""
    assert redirect_error(URL, location).startswith(f"{URL} redirects elsewhere; ")
