"""What one reading of a sensor gave."""

from dataclasses import dataclass, field

from fructosa_exporter.metrics import Family, Key

from .exposition import Format, SeriesTemplate

NO_SERIES = SeriesTemplate([])


# Not frozen: each page makes some dozens, and that would triple what they cost.
@dataclass(kw_only=True, slots=True)
class Reading:
    """What one look of a sensor gave; *absent* says what the machine lacks, *error* what failed."""

    began_s: float
    duration_s: float
    template: SeriesTemplate = NO_SERIES
    values: tuple[float, ...] = ()
    families: tuple[Family, ...] = ()
    absent: str | None = None
    error: str | None = None
    is_denied: bool = False  # the error is a right that is missing
    _texts: dict[Format, str] = field(default_factory=dict, compare=False)

    def text(self, format: Format) -> str:  # noqa: A002
        """Return its lines; made once, as scrapes within the interval get them again."""
        if format not in self._texts:
            self._texts[format] = self.template.text(self.values, format)
        return self._texts[format]

    @property
    def samples(self) -> list[tuple[Key, float]]:
        """Each series and its value, in the order in which the sensor told them."""
        return list(zip(self.template.keys, self.values, strict=True))
