"""The first steps of a daemon: it drops root privileges, if configured, and opens its log."""

from collections.abc import Sequence
from pathlib import Path

from ..logs import LoggingSettings, open_log
from .privileges import Account, drop_privileges, hand_over_folder, hand_over_log


def initialize(
    logging: LoggingSettings,
    account: Account | None,
    folders: Sequence[Path] = (),
    syslog_as: str | None = None,
) -> None:
    """Become *account*, to which *folders* and the log are handed over; open the log.

    The log is opened last: the account could not rotate a file opened as root.

    Raises: ServiceError if one of these steps fails.
    """
    if account is not None:
        for folder in folders:
            hand_over_folder(folder, account)
        if logging.filename is not None:
            is_rotated = logging.max_bytes > 0
            hand_over_log(logging.filename, is_rotated, account)
        drop_privileges(account)
    open_log(logging, syslog_as)
