"""What scrapers ask for by their headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.page.exposition import Format
from fructosa_exporter.web.scrape_headers import accepts_gzip, negotiated_format, page_timeout_s

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", Format.TEXT),
        ("*/*", Format.TEXT),
        ("text/plain;version=0.0.4", Format.TEXT),
        (PROMETHEUS, Format.OPENMETRICS),
        ("application/openmetrics-text", Format.OPENMETRICS),
        ("application/openmetrics-text; version=1.0.0; q=0.2, text/plain; q=0.9", Format.TEXT),
        ("application/openmetrics-text; version=0.0.1", Format.TEXT),
        ("application/openmetrics-text; q=0", Format.TEXT),
        ("application/openmetrics-text; q=much", Format.TEXT),
        ("application/json", Format.TEXT),
        (";;,,;q=", Format.TEXT),
    ],
)
def test_openmetrics_is_served_to_who_prefers_it(accept, expected):
    """By version and weight; all others get the text format."""
    assert expected is negotiated_format(accept)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("identity", False),
    ],
)
def test_a_body_is_compressed_for_who_accepts_it(accept, expected):
    """And for nobody else."""
    assert expected is accepts_gzip(accept)


@given(st.text())
def test_any_header_is_understood_somehow(text):
    """It comes from anybody."""
    assert negotiated_format(text) in Format
    assert accepts_gzip(text) in (True, False)


@pytest.mark.parametrize(
    ("header", "expected_s"),
    [
        ("10", 9.5),
        ("1", 0.8),
        ("0.1", 0.08),
        (None, 5),
        ("", 5),
        ("soon", 5),
        ("nan", 5),
        ("inf", 5),
        ("-1", 5),
        ("0", 5),
    ],
)
def test_a_margin_is_left_for_the_way(header, expected_s):
    """What is no time is as none."""
    assert expected_s == pytest.approx(page_timeout_s(header))
