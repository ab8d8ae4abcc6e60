"""Renders a page of metrics from the states of sensors."""

from collections.abc import Sequence

from fructosa_exporter.metrics import Metric

from .exposition import Format, SeriesTemplate, family_lines
from .sensor_state import AGE, DURATION, SUCCESS, SensorState


class PageRenderer:
    """Renders pages; keeps the template of the metrics about sensors between pages."""

    def __init__(self) -> None:
        self._template_key: list[tuple[str, bool, bool]] = []
        self._template = SeriesTemplate([])

    def render(self, states: Sequence[SensorState], wanted: Format) -> tuple[str, Format]:
        """Return the page of *states* and its format.

        That is *wanted*, or the text format if a sensor yields families (TextFile): not all of
        what they may hold is valid in OpenMetrics.
        """
        families = [
            family for state in states if state.reading for family in state.reading.families
        ]
        used = Format.TEXT if families else wanted
        parts = [state.reading.render(used) for state in states if state.reading]
        parts += [family_lines(families), self._sensor_metrics(states, used)]
        if used is Format.OPENMETRICS:
            parts.append("# EOF\n")
        return "".join(parts), used

    def _sensor_metrics(self, states: Sequence[SensorState], used: Format) -> str:
        """Return the lines of the metrics about the sensors themselves."""
        key = [(one.sensor.name, one.duration_s is None, one.age_s is None) for one in states]
        if key != self._template_key:
            self._template_key = key
            self._template = SeriesTemplate(
                [(metric, (state.sensor.name,)) for state in states for metric in _metrics(state)]
            )
        values: list[float] = []
        for state in states:
            values.append(int(state.is_success))
            if state.duration_s is not None:
                values.append(state.duration_s)
            if state.age_s is not None:
                values.append(state.age_s)
        return self._template.render(tuple(values), used)


def _metrics(state: SensorState) -> list[Metric]:
    """Return the metrics about a sensor that have a value in this *state*."""
    metrics = [
        (SUCCESS, True),
        (DURATION, state.duration_s is not None),
        (AGE, state.age_s is not None),
    ]
    return [metric for metric, has_value in metrics if has_value]
