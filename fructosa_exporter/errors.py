"""The error of a sensor that has nothing to read."""


class SensorUnavailable(Exception):
    """This machine has nothing for the sensor to read; the text names what is missing."""
