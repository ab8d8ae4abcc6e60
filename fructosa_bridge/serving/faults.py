"""Whose fault an error is that aiohttp logs: that of a request, or lmaster's. Pure."""

import logging
from types import TracebackType

_OURS = "fructosa_"
_READER = "aiohttp.web_protocol"


def is_our_fault(record: logging.LogRecord) -> bool:
    """Return whether a record is to be logged: it is no error that a client has caused.

    aiohttp logs a traceback for each request that it cannot read, and whoever can connect could
    fill the disk with them. If code of ours is not part of it, the request was to blame; neither
    it nor the code that reads it will say anything new. A client that went away is no error at all.
    """
    if record.exc_info is None or record.exc_info[1] is None:
        return True
    error = record.exc_info[1]
    return not isinstance(error, ConnectionError) and _OURS in _packages(error.__traceback__)


def is_no_odd_request(record: logging.LogRecord) -> bool:
    """Return whether a record of asyncio is to be logged: aiohttp did not fail to read a request.

    It does so for CONNECT, for example, and the event loop then logs the traceback.
    """
    if record.exc_info is None or record.exc_info[1] is None:
        return True
    packages = _packages(record.exc_info[1].__traceback__)
    return _OURS in packages or _READER not in packages


def _packages(traceback: TracebackType | None) -> set[str]:
    """Return from which of both packages code is part of a traceback."""
    found: set[str] = set()
    while traceback is not None:
        name = str(traceback.tb_frame.f_globals.get("__name__", ""))
        found |= {one for one in (_OURS, _READER) if name.startswith(one)}
        traceback = traceback.tb_next
    return found
