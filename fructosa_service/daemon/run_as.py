"""Commands that root types, but that run as the user of the daemon.

They read what that user, or a plug-in, may have prepared, and show what the daemon would see.
"""

import os
from pathlib import Path

from ..config import ini
from ..config.load import keep, raw_text
from .privileges import account, drop_privileges


def give_up_root(section: str, config: Path | None) -> None:
    """Become the user in a *section* of the file *config* for good, if root has set one there.

    Raises: UsageError if the user does not exist, ServiceError if it cannot run the program.
    """
    if os.geteuid() != 0 or config is None:
        return
    try:
        text = raw_text(config)
        keep(config)
    except OSError:
        return  # reading it will report the problem
    user, group = (ini.value(text, section, key) or None for key in ("user", "group"))
    if (other := account(section, user, group)) is not None:
        drop_privileges(other)
