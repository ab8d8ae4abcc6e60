"""How lmaster accesses the pages of a section: what the settings accept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.access import METRICS_PATH, URL_PATH, USER, Access


def test_by_default_a_page_is_fetched_over_http_without_credentials():
    """TLS, a user or a token must be configured."""
    access = Access()

    assert not access.tls
    assert access.user is None
    assert access.password_file is None
    assert access.token_file is None


@pytest.mark.parametrize("text", [METRICS_PATH, "/", "/federate?match[]=up", "/a%20b", "/a?b=c&d"])
def test_a_path_may_have_a_query_and_escapes(text):
    """It is used as it is written."""
    assert text == URL_PATH.parse(text)


@pytest.mark.parametrize(
    "text", ["", "metrics", "http://n1/metrics", "/a b", "/a%2", "/a#b", "/ü", "/" + "a" * 2000]
)
def test_a_path_that_a_request_line_cannot_contain_is_refused(text):
    """It starts with a slash and has at most 2000 characters; a fragment is never sent."""
    with pytest.raises(ValueError, match="/metrics"):
        URL_PATH.parse(text)


@pytest.mark.parametrize("text", ["", "a:b", "a\nb"])
def test_an_invalid_user_is_refused(text):
    """In Basic authentication a colon ends the user, and a line feed would end the header."""
    with pytest.raises(ValueError, match="without colons"):
        USER.parse(text)


@given(st.text() | st.from_regex(r"/[ -~]*", fullmatch=True))
def test_any_accepted_path_fits_into_a_request_line(text):
    """Any other text raises ValueError, and no other error."""
    try:
        path = URL_PATH.parse(text)
    except ValueError:
        return
    assert path.startswith("/")
    assert path.isascii()
    assert not set(path) & set(" \r\n\t\0#\x7f")


@given(st.text())
def test_any_accepted_user_fits_into_basic_authentication(text):
    """Any other text raises ValueError, and no other error."""
    try:
        user = USER.parse(text)
    except ValueError:
        return
    assert ":" not in user
    assert user.isprintable()
