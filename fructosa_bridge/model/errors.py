"""The errors between a node and Graphite; their texts are for people."""

from fructosa_service.errors import ServiceError


class PageError(ValueError):
    """A page that is invalid or exceeds a limit: none of its samples is used."""


class ScrapeError(Exception):
    """A page that could not be fetched."""


class DeliveryError(Exception):
    """A destination that does not accept points at present; they stay queued."""


class QueueError(Exception):
    """A part of the queue on disk that cannot be read at present; *until* is where it ends."""

    def __init__(self, text: str, until: tuple[int, int]) -> None:
        super().__init__(text)
        self.until = until


class SlurmError(Exception):
    """Slurm could not be read: a command failed, or its output is invalid."""


class JobNameError(ValueError):
    """A text that names no job; the message says what to write."""


class ArchiveError(ServiceError):
    """The archive of jobs cannot be read or written; the message says what to do."""
