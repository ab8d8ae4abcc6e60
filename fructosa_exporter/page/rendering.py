"""States of sensors into the text of a page."""

from collections.abc import Sequence

from fructosa_exporter.metrics import Metric

from .exposition import Format, SeriesTemplate, family_lines
from .sensor_state import AGE, DURATION, SUCCESS, SensorState


class PageRenderer:
    """Renders pages; the texts of readings that are served again are kept."""

    def __init__(self) -> None:
        self._told: list[tuple[str, bool, bool]] = []
        self._template = SeriesTemplate([])

    def text(self, states: Sequence[SensorState], wanted: Format) -> tuple[str, Format]:
        """Return the page of *states*, and its format: the *wanted* one where that can be.

        What others wrote for the text format (TextFile) can't always be said in OpenMetrics.
        """
        families = [one for state in states if state.reading for one in state.reading.families]
        used = Format.TEXT if families else wanted
        parts = [state.reading.text(used) for state in states if state.reading]
        parts += [family_lines(families), self._of_sensors(states, used)]
        if used is Format.OPENMETRICS:
            parts.append("# EOF\n")
        return "".join(parts), used

    def _of_sensors(self, states: Sequence[SensorState], used: Format) -> str:
        told = [(one.sensor.name, one.duration_s is None, one.age_s is None) for one in states]
        if told != self._told:
            self._told = told
            self._template = SeriesTemplate(
                [(metric, (one.sensor.name,)) for one in states for metric in _metrics(one)]
            )
        values: list[float] = []
        for state in states:
            values.append(int(state.is_success))
            if state.duration_s is not None:
                values.append(state.duration_s)
            if state.age_s is not None:
                values.append(state.age_s)
        return self._template.text(tuple(values), used)


def _metrics(state: SensorState) -> list[Metric]:
    """Return the metrics that are told of a sensor in this *state*."""
    told = [
        (SUCCESS, True),
        (DURATION, state.duration_s is not None),
        (AGE, state.age_s is not None),
    ]
    return [metric for metric, is_told in told if is_told]
