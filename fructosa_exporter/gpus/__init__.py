"""GPUs: a common interface to the libraries of all vendors' drivers.

A library is opened at the first query of a sensor, and opened again after a failure
(``driver.py``). A GPU has a method for each subject (``nvidia/gpu.py``, ``amd/gpu.py``); sensors
declare the metrics of the quantities that it returns.
"""
