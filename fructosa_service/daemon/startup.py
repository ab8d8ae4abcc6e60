"""What a daemon does before its work: it gives up root, if it is to, and opens its log."""

from collections.abc import Sequence
from pathlib import Path

from ..logs import LoggingSettings, open_log
from .privileges import Account, become, hand_over_folder, hand_over_log


def begin(
    logging: LoggingSettings,
    who: Account | None,
    folders: Sequence[Path] = (),
    syslog_as: str | None = None,
) -> None:
    """Become *who*, who has the *folders* and the log from then on; open the log.

    The log is opened last: what root opens its user could not rotate.

    Raises: ServiceError when something of that can't be.
    """
    if who is not None:
        for folder in folders:
            hand_over_folder(folder, who)
        if logging.filename is not None:
            is_rotated = logging.max_bytes > 0
            hand_over_log(logging.filename, is_rotated, who)
        become(who)
    open_log(logging, syslog_as)
