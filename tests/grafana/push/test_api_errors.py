"""Messages for error responses."""

import pytest

from fructosa_grafana.push.api_errors import (
    ACCOUNT,
    CHECK_URL,
    FAILED,
    NO_CREDENTIALS,
    NO_PERMISSION,
    OTHER_CONFLICT,
    REDIRECTS,
    REFUSED,
    SAME_TITLE,
    SAVED_MEANWHILE,
    TOO_MANY_REQUESTS,
    WRONG_TOKEN,
    WRONG_USER,
    error_message,
    message_of,
    redirect_error,
)

URL = "http://host"
SAVE = "save the dashboard 'Cluster'"
REFUSED_TO_SAVE = REFUSED.format(url=URL, action=SAVE)


def message(status, body=None, option="--token-file"):
    """Return the message for a response."""
    return error_message(URL, SAVE, status, body, option)


@pytest.mark.parametrize(
    ("option", "advice"),
    [
        ("--token-file", WRONG_TOKEN),
        ("--user", WRONG_USER),
        (None, NO_CREDENTIALS),
    ],
)
def test_missing_or_wrong_credentials(option, advice):
    """The advice depends on what was given; Grafana's own message comes last."""
    found = message(401, {"message": "Unauthorized"}, option)

    assert f"{URL} {advice} (Unauthorized)" == found


@pytest.mark.parametrize(
    ("option", "who"), [("--user", ACCOUNT.format(option="--user")), (None, "anonymous access")]
)
def test_missing_permission(option, who):
    """The message names the role that is needed."""
    found = message(403, {"message": "Denied"}, option)

    assert f"{REFUSED_TO_SAVE} (Denied): {NO_PERMISSION.format(client=who)}" == found


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (412, {"status": "name-exists"}, f"{REFUSED_TO_SAVE}: {SAME_TITLE}"),
        (412, {"status": "version-mismatch"}, f"{REFUSED_TO_SAVE}: {SAVED_MEANWHILE}"),
        (
            412,
            {"status": "plugin-dashboard"},
            f"{REFUSED_TO_SAVE}: it belongs to a plug-in; delete it there",
        ),
        (412, {"status": []}, f"{REFUSED_TO_SAVE}: {OTHER_CONFLICT}"),
        (412, None, f"{REFUSED_TO_SAVE}: {OTHER_CONFLICT}"),
        (429, None, f"{REFUSED_TO_SAVE}: {TOO_MANY_REQUESTS}"),
        (
            500,
            {"message": "database is locked"},
            FAILED.format(url=URL, action=SAVE, status=500, reason=" (database is locked)"),
        ),
        (404, None, f"{REFUSED_TO_SAVE} (status 404); {CHECK_URL}"),
    ],
)
def test_other_errors(status, body, expected):
    """What failed, why, and what to do."""
    assert expected == message(status, body)


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
    assert REDIRECTS.format(url=URL, where="elsewhere") == redirect_error(URL, location)
