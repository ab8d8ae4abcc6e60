"""The JSON model of a dashboard, as Grafana loads it.

It is written for Grafana 7.5; newer versions migrate it. Therefore a data source is a string, and
the heat map has the format of 7.5.
"""

from typing import Any

Json = dict[str, Any]
SOURCE = "$datasource"  # the variable in which people choose the data source
