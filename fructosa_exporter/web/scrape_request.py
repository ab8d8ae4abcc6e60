"""Parses what a scrape requests: sensors, format, compression and timeout."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from fructosa_exporter.page.exposition import Format

# The page must arrive before the scraper times out. This much of its timeout is reserved for
# sending it, but at most this share.
_MARGIN_S = 0.5
_MARGIN_SHARE = 0.2
_DEFAULT_S = 5.0

NOT_READ = "the sensor {name!r} is not read here; {key} may be {known}"

NOT_A_NUMBER = (
    "after={text} is not a sequence number; use the value of fructosa_slurm_jobs_sequence on the "
    "last page, or leave it out"
)

S = TypeVar("S")


class InvalidNumber(Exception):
    """A request for jobs after something that is no sequence number."""


class UnknownSensor(Exception):
    """A request that names a sensor which is not read here, or that contradicts itself."""


def select_sensors(
    sensors: Mapping[str, S],
    query: Mapping[str, Sequence[str]],
    on_request: Collection[str] = (),
) -> list[S]:
    """Return those of *sensors* that ``collect[]`` and ``exclude[]`` of a *query* select.

    Those *on_request* are selected only by ``collect[]``.

    Raises: UnknownSensor for a name that is not read here; the text lists the valid ones.
    """
    collect, exclude = query.get("collect[]", ()), query.get("exclude[]", ())
    if collect and exclude:
        raise UnknownSensor("collect[] and exclude[] cannot be used together; leave one out")
    if unknown := [name for name in (*collect, *exclude) if name not in sensors]:
        key = "collect[]" if collect else "exclude[]"
        known = ", ".join(sensors)
        raise UnknownSensor(NOT_READ.format(name=unknown[0], key=key, known=known))
    if collect:
        return [sensors[name] for name in dict.fromkeys(collect)]
    left_out = {*exclude, *on_request}
    return [sensor for name, sensor in sensors.items() if name not in left_out]


def sequence_number(query: Mapping[str, Sequence[str]]) -> int:
    """Return the number in ``after`` of a *query*, 0 if there is none.

    Raises: InvalidNumber.
    """
    words = query.get("after", ["0"])
    if len(words) != 1 or not (words[0].isascii() and words[0].isdecimal()) or len(words[0]) > 18:
        raise InvalidNumber(NOT_A_NUMBER.format(text=", ".join(words)[:40]))
    return int(words[0])


def page_timeout_s(header: str | None) -> float:
    """Return the time to make a page, by the header X-Prometheus-Scrape-Timeout-Seconds."""
    try:
        timeout_s = float(header or "")
    except ValueError:
        return _DEFAULT_S
    if not 0 < timeout_s < 1e6:
        return _DEFAULT_S
    return timeout_s - min(_MARGIN_S, timeout_s * _MARGIN_SHARE)


@lru_cache(maxsize=16)
def negotiated_format(accept: str) -> Format:
    """Return the format that the header *accept* prefers; OpenMetrics only if it is listed."""
    wanted = {Format.OPENMETRICS: 0.0, Format.TEXT: 0.0}
    for part in accept.split(","):
        media, *parameters = (word.strip().lower() for word in part.split(";"))
        version = _parameter(parameters, "version")
        if media == "application/openmetrics-text" and version in ("", "1.0.0", "1.0"):
            wanted[Format.OPENMETRICS] = max(wanted[Format.OPENMETRICS], _weight(parameters))
        elif media in ("text/plain", "text/*", "*/*"):
            wanted[Format.TEXT] = max(wanted[Format.TEXT], _weight(parameters))
    openmetrics = wanted[Format.OPENMETRICS]
    return Format.OPENMETRICS if 0 < openmetrics >= wanted[Format.TEXT] else Format.TEXT


@lru_cache(maxsize=16)
def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether the header *accept_encoding* allows gzip."""
    for part in accept_encoding.split(","):
        coding, *parameters = (word.strip().lower() for word in part.split(";"))
        if coding == "gzip":
            return _weight(parameters) > 0
    return False


def _parameter(parameters: Iterable[str], name: str) -> str:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == name:
            return value.strip().strip('"')
    return ""


def _weight(parameters: Iterable[str]) -> float:
    text = _parameter(parameters, "q")
    try:
        weight = float(text or 1)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
