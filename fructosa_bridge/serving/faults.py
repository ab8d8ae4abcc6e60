"""Whose fault an error is that aiohttp logs: that of a request, or lmaster's. Pure."""

import logging
from types import TracebackType

_OURS = "fructosa_"


def is_our_fault(record: logging.LogRecord) -> bool:
    """Return whether a record is to be logged: it is no error that a client has caused.

    aiohttp logs a traceback for each request that it cannot read, and whoever can connect could
    fill the disk with them. If code of ours is not part of it, the request was to blame; neither
    it nor the code that reads it will say anything new. A client that went away is no error at all.
    """
    if record.exc_info is None or record.exc_info[1] is None:
        return True
    error = record.exc_info[1]
    return not isinstance(error, ConnectionError) and _is_from_our_code(error.__traceback__)


def _is_from_our_code(traceback: TracebackType | None) -> bool:
    while traceback is not None:
        if str(traceback.tb_frame.f_globals.get("__name__", "")).startswith(_OURS):
            return True
        traceback = traceback.tb_next
    return False
