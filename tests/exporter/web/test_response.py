"""HTTP responses."""

import email.utils

import pytest

from fructosa_exporter.web.response import http_date


@pytest.mark.parametrize("now_s", [0, 951782400, 1700000000, 1767225599, 4102444800])
def test_dates_are_in_the_format_of_http(now_s):
    """As formatted by email.utils, which takes too much memory to import in lagent."""
    assert email.utils.formatdate(now_s, usegmt=True) == http_date(now_s)
