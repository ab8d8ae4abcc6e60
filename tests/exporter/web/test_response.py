"""Answers into bytes."""

import email.utils

import pytest

from fructosa_exporter.web.response import http_date


@pytest.mark.parametrize("now_s", [0, 951782400, 1700000000, 1767225599, 4102444800])
def test_a_date_is_written_as_http_has_it(now_s):
    """In English, whatever the locale; as the standard library has it, which is too large here."""
    assert email.utils.formatdate(now_s, usegmt=True) == http_date(now_s)
