"""States of sensors into the page, and a query into the sensors that it asks for."""

import zlib
from collections.abc import Mapping, Sequence

from .collector import AGE, DURATION, SUCCESS, State
from .exposition import Format, Layout, foreign
from .metrics import Metric
from .reading import Reader

# Level 1 takes a third of the time of the usual 6, for a page a fifth larger.
_GZIP_LEVEL = 1
# A window of 16 KiB and its tables fit into a processor's cache; the usual ones are 268 KiB, which
# take twice the time and make no page smaller. 16 more is how zlib is asked for gzip's header.
_GZIP_WINDOW = 14 + 16
_GZIP_MEMORY = 6

# A page that arrives when the scraper has given up is of no use: this much, and at most this
# share of its patience, is left for the way.
_MARGIN_S = 0.5
_MARGIN_SHARE = 0.2
_WITHIN_S = 5.0


class UnknownSensor(Exception):
    """A request for a sensor that this agent does not read, or that contradicts itself."""


def picked(readers: Mapping[str, Reader], query: Mapping[str, Sequence[str]]) -> list[Reader]:
    """Return the readers that ``collect[]`` or ``exclude[]`` of a *query* asks for.

    Raises: UnknownSensor for a name that is not read here; the text lists those that are.
    """
    collect, exclude = query.get("collect[]", ()), query.get("exclude[]", ())
    if collect and exclude:
        raise UnknownSensor("collect[] and exclude[] can't be used together; leave one out")
    if unknown := [name for name in (*collect, *exclude) if name not in readers]:
        key = "collect[]" if collect else "exclude[]"
        known = ", ".join(readers)
        raise UnknownSensor(f"{unknown[0]!r} is not read here; {key} may be {known}")
    if collect:
        return [readers[name] for name in dict.fromkeys(collect)]
    return [reader for name, reader in readers.items() if name not in exclude]


def patience(header: str | None) -> float:
    """Return how long the page may take, for a header X-Prometheus-Scrape-Timeout-Seconds."""
    try:
        timeout_s = float(header or "")
    except ValueError:
        return _WITHIN_S
    if not 0 < timeout_s < 1e6:
        return _WITHIN_S
    return timeout_s - min(_MARGIN_S, timeout_s * _MARGIN_SHARE)


class Page:
    """Makes pages; the texts of readings that are served again are kept."""

    def __init__(self) -> None:
        self._told: list[tuple[str, bool, bool]] = []
        self._layout = Layout([])

    def text(self, states: Sequence[State], wanted: Format) -> tuple[str, Format]:
        """Return the page of *states*, and its format: the *wanted* one where that can be.

        What others wrote for the text format (TextFile) can't always be said in OpenMetrics.
        """
        families = [one for state in states if state.reading for one in state.reading.families]
        used = Format.TEXT if families else wanted
        parts = [state.reading.text(used) for state in states if state.reading]
        parts += [foreign(families), self._of_sensors(states, used)]
        if used is Format.OPENMETRICS:
            parts.append("# EOF\n")
        return "".join(parts), used

    def _of_sensors(self, states: Sequence[State], used: Format) -> str:
        told = [(one.reader.name, one.duration_s is None, one.age_s is None) for one in states]
        if told != self._told:
            self._told = told
            self._layout = Layout(
                [(metric, (one.reader.name,)) for one in states for metric in _metrics(one)]
            )
        values: list[float] = []
        for state in states:
            values.append(int(state.is_success))
            if state.duration_s is not None:
                values.append(state.duration_s)
            if state.age_s is not None:
                values.append(state.age_s)
        return self._layout.text(tuple(values), used)


def _metrics(state: State) -> list[Metric]:
    """Return the metrics that are told of a sensor in this *state*."""
    told = [
        (SUCCESS, True),
        (DURATION, state.duration_s is not None),
        (AGE, state.age_s is not None),
    ]
    return [metric for metric, is_told in told if is_told]


def compressed(body: bytes) -> bytes:
    """Return *body* in gzip."""
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW, _GZIP_MEMORY)
    return packer.compress(body) + packer.flush()
