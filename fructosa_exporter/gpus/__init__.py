"""GPUs: what their drivers' libraries tell, in the same words for all vendors.

A library is opened when a sensor first asks, and opened again when it failed (``driver.py``).
A GPU answers by subject (``nvidia/gpu.py``, ``amd/gpu.py``); sensors declare what answers mean.
"""
