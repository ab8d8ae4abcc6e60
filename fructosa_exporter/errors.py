"""What can keep a sensor from reading."""


class SensorUnavailable(Exception):
    """The machine has nothing for this sensor to read; the text says what is missing."""
