"""Base URLs on the command line."""

import pytest

from fructosa_grafana.push.base_url import base_url
from fructosa_service.errors import UsageError


@pytest.mark.parametrize(
    "text",
    ["http://localhost:3000", "https://host/grafana", "https://host/grafana/", "http://[::1]"],
)
def test_a_url_is_returned_without_a_trailing_slash(text):
    """Paths of the API are appended to it."""
    assert text.rstrip("/") == base_url(text, "--push")


@pytest.mark.parametrize(
    "text",
    [
        "localhost:3000",
        "ftp://host",
        "http://",
        "//",
        "",
        "http://a b",
        "http://host:0",
        "http://[x",
    ],
)
def test_an_invalid_url_is_rejected(text):
    """With the option and an example."""
    with pytest.raises(UsageError, match=r"^--push '.*' is not a valid URL; write e\.g\. http://"):
        base_url(text, "--push")


def test_a_url_with_a_password_is_rejected_and_not_shown():
    """Messages may end up in a log."""
    with pytest.raises(UsageError, match="'@'") as caught:
        base_url("http://admin:hunter2@host/", "--push")

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["http://host/?orgId=1", "http://host/#x"])
def test_a_url_with_a_query_or_fragment_is_rejected(text):
    """Paths of the API cannot be appended to it."""
    with pytest.raises(UsageError, match="a query or a fragment"):
        base_url(text, "--push")
