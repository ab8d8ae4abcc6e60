"""Whose fault an error is that aiohttp logs."""

import logging
import sys

import pytest
from aiohttp import web_protocol
from aiohttp.http_exceptions import BadHttpMessage

from fructosa_bridge.serving.faults import is_no_odd_request, is_our_fault
from fructosa_service import humanize


def record(error=None, raised=lambda error: None):
    """Return the record of an error that was raised."""
    caught = None
    if error is not None:
        try:
            raised(error)
            raise error
        except (AttributeError, TypeError, ValueError, OSError, BadHttpMessage):
            caught = sys.exc_info()
    return logging.LogRecord("aiohttp.server", logging.ERROR, "f", 1, "text", (), caught)


def in_our_code(error):
    """Raise an error below code of ours."""
    humanize.age(error)


def test_a_message_without_an_error_is_logged():
    """It has no traceback."""
    assert is_our_fault(record())


def test_an_error_in_our_code_is_logged():
    """With its traceback."""
    assert is_our_fault(record(TypeError(), in_our_code))


@pytest.mark.parametrize(
    "error",
    [BadHttpMessage("bad"), ConnectionResetError(), UnicodeEncodeError("a", "b", 0, 1, "c")],
)
def test_an_error_that_a_client_causes_is_not_logged(error):
    """A request that is not HTTP, an odd header, and a client that went away."""
    assert not is_our_fault(record(error))


def in_aiohttp(error):
    """Raise an error in the part of aiohttp that reads requests."""
    web_protocol.RequestHandler.data_received(None, b"")


def test_of_the_event_loop_only_errors_of_reading_requests_are_not_logged():
    """All others are, whoever caused them."""
    assert not is_no_odd_request(record(AttributeError(), in_aiohttp))
    assert is_no_odd_request(record())
    assert is_no_odd_request(record(TypeError()))
