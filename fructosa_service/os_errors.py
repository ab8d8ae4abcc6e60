"""OSErrors in words for people."""

import os


def reason(error: OSError) -> str:
    """Return the reason of *error*; asyncio's own texts repeat the address."""
    if error.errno is not None and error.errno > 0:  # it is negative if a name is not resolved
        return os.strerror(error.errno)
    return str(error) or "no response in time"
