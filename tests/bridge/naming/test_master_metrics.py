"""The table of the metrics that lmaster's own pages have."""

from fructosa_bridge.naming.master_metrics import METRICS
from fructosa_bridge.naming.sensor_metrics import METRICS as OF_SENSORS
from fructosa_bridge.naming.sensor_metrics import OF_EACH


def test_no_metric_is_also_one_of_lagent():
    """Else its paths would depend on which program tells of it."""
    of_lagent = {metric for metrics in OF_SENSORS.values() for metric in metrics} | {*OF_EACH}

    assert set() == METRICS.keys() & of_lagent
