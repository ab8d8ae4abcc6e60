"""Which sensors a page is of."""

import pytest

from fructosa_exporter.page.selection import UnknownSensor, selected

SENSORS = {"CPU": 1, "Disk": 2, "Net": 3}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [1, 2, 3]),
        ({"other": ["CPU"]}, [1, 2, 3]),
        ({"collect[]": ["Net", "CPU"]}, [3, 1]),
        ({"collect[]": ["CPU", "CPU"]}, [1]),
        ({"exclude[]": ["Disk"]}, [1, 3]),
        ({"exclude[]": ["CPU", "Disk", "Net"]}, []),
        ({"collect[]": ["CPU"], "exclude[]": []}, [1]),
    ],
)
def test_a_query_selects_sensors(query, expected):
    """In the order in which they are asked for, each once; others in that of the page."""
    assert expected == selected(SENSORS, query)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"collect[]": ["GPU"]}, "'GPU' is not read here; collect[] may be CPU, Disk, Net"),
        ({"exclude[]": ["cpu"]}, "'cpu' is not read here; exclude[] may be CPU, Disk, Net"),
        (
            {"collect[]": ["CPU"], "exclude[]": ["Net"]},
            "collect[] and exclude[] can't be used together; leave one out",
        ),
    ],
)
def test_a_query_that_can_not_be_answered_says_what_may_be_asked(query, message):
    """Rather than a page with less than was asked for."""
    with pytest.raises(UnknownSensor) as refused:
        selected(SENSORS, query)

    assert message == str(refused.value)
