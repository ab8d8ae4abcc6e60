"""What can go wrong between a node and Graphite, in words for the person who looks."""

import os


class PageError(ValueError):
    """A page that is not in the text format, or breaks a limit: none of it is used."""


class ScrapeError(Exception):
    """A target that could not be asked; the text is its last error."""


class DeliveryError(Exception):
    """A destination that can't take points at present; they stay queued."""


def reason(error: OSError) -> str:
    """Return what a person wants to know of *error*: asyncio's own texts repeat the address."""
    if error.errno is not None and error.errno > 0:  # a failed look-up of a name has a negative one
        return os.strerror(error.errno)
    return str(error) or "no answer in time"
