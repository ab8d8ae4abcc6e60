"""The result of reading a sensor once."""

from dataclasses import dataclass, field

from fructosa_exporter.metrics import Family, Key

from .exposition import Format, SeriesTemplate

NO_SERIES = SeriesTemplate([])


# Not frozen: that would triple its cost, and each page creates dozens.
@dataclass(kw_only=True, slots=True)
class Reading:
    """The result of reading a sensor once.

    *unavailable* is what the machine lacks, *error* what failed; both are None on success.
    """

    began_s: float
    duration_s: float
    template: SeriesTemplate = NO_SERIES
    values: tuple[float, ...] = ()
    families: tuple[Family, ...] = ()
    unavailable: str | None = None
    error: str | None = None
    is_permission_denied: bool = False  # whether the error is a PermissionError
    _texts: dict[Format, str] = field(default_factory=dict, compare=False)

    def render(self, format: Format) -> str:  # noqa: A002
        """Return the lines of its samples. Cached for further scrapes within the interval."""
        if format not in self._texts:
            self._texts[format] = self.template.render(self.values, format)
        return self._texts[format]

    @property
    def samples(self) -> list[tuple[Key, float]]:
        """Each series and its value, in the order in which the sensor yielded them."""
        return list(zip(self.template.keys, self.values, strict=True))
