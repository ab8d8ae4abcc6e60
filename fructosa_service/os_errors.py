"""What an OSError means, in words for a person."""

import os


def reason(error: OSError) -> str:
    """Return what a person wants to know of *error*: asyncio's own texts repeat the address."""
    if error.errno is not None and error.errno > 0:  # a failed look-up of a name has a negative one
        return os.strerror(error.errno)
    return str(error) or "no answer in time"
