"""What can go wrong between a node and Graphite, in words for the person who looks."""


class PageError(ValueError):
    """A page that is not in the text format, or breaks a limit: none of it is used."""


class ScrapeError(Exception):
    """A target that could not be asked; the text is its last error."""


class DeliveryError(Exception):
    """A destination that can't take points at present; they stay queued."""
