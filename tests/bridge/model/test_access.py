"""How a page is requested."""

import pytest

from fructosa_bridge.model.access import URL_PATH, USER


def test_a_path_may_have_a_query():
    """And percent escapes."""
    assert "/a%20b?x=1" == URL_PATH.parse("/a%20b?x=1")


@pytest.mark.parametrize(
    "text", ["", "metrics", "http://n1/metrics", "/a b", "/a#b", "/%2", "/ü", "/" + "a" * 2000]
)
def test_an_invalid_path_is_rejected(text):
    """The message has an example."""
    with pytest.raises(ValueError, match="/metrics"):
        URL_PATH.parse(text)


@pytest.mark.parametrize("text", ["", "a:b", "a\nb"])
def test_an_invalid_user_is_rejected(text):
    """A colon separates the user from the password."""
    with pytest.raises(ValueError, match="without colons"):
        USER.parse(text)
