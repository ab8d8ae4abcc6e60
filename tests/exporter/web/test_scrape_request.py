"""What a scrape requests by its query and headers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.page.exposition import Format
from fructosa_exporter.web.scrape_request import (
    NOT_READ,
    InvalidNumber,
    UnknownSensor,
    accepts_gzip,
    negotiated_format,
    page_timeout_s,
    select_sensors,
    sequence_number,
)

SENSORS = {"CPU": 1, "Disk": 2, "Net": 3}
KNOWN = "CPU, Disk, Net"
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
def test_openmetrics_is_chosen_if_the_client_prefers_it(accept, expected):
    """By version and weight; otherwise it is the text format."""
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
def test_gzip_is_used_only_if_the_client_accepts_it(accept, expected):
    """By name and weight."""
    assert expected is accepts_gzip(accept)


@given(st.text())
def test_any_header_is_accepted(text):
    """Clients may send anything."""
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
def test_a_margin_is_reserved_for_sending_the_page(header, expected_s):
    """An invalid timeout is ignored."""
    assert expected_s == pytest.approx(page_timeout_s(header))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [1, 2, 3]),
        ({"other": ["CPU"]}, [1, 2, 3]),
        ({"collect[]": ["Net", "CPU"]}, [3, 1]),
        ({"collect[]": ["CPU", "CPU"]}, [1]),
        ({"exclude[]": ["Disk"]}, [1, 3]),
        ({"exclude[]": ["CPU", "Disk", "Net"]}, []),
        ({"collect[]": ["CPU"], "exclude[]": []}, [1]),
    ],
)
def test_a_query_selects_sensors(query, expected):
    """Each once, in the order of collect[], or else in that of the page."""
    assert expected == select_sensors(SENSORS, query)


def test_a_sensor_on_request_is_selected_only_by_its_name():
    """exclude[] selects all others of the page."""
    assert [1, 3] == select_sensors(SENSORS, {}, ["Disk"])
    assert [3] == select_sensors(SENSORS, {"exclude[]": ["CPU"]}, ["Disk"])
    assert [2] == select_sensors(SENSORS, {"collect[]": ["Disk"]}, ["Disk"])


def test_a_sequence_number_is_a_number():
    """None is given at first."""
    assert [0, 0, 17] == [sequence_number(one) for one in ({}, {"after": ["0"]}, {"after": ["17"]})]
    with pytest.raises(InvalidNumber, match="after=1, 2 is not a sequence number"):
        sequence_number({"after": ["1", "2"]})


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"collect[]": ["GPU"]}, NOT_READ.format(name="GPU", key="collect[]", known=KNOWN)),
        ({"exclude[]": ["cpu"]}, NOT_READ.format(name="cpu", key="exclude[]", known=KNOWN)),
        ({"collect[]": ["CPU"], "exclude[]": ["Net"]}, "leave one out"),
    ],
)
def test_an_invalid_query_is_rejected(query, message):
    """The error lists the valid names."""
    with pytest.raises(UnknownSensor, match=re.escape(message)):
        select_sensors(SENSORS, query)
