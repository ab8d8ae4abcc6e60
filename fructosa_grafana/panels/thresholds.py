"""Thresholds that several panels share."""

from .panel import Threshold

Thresholds = tuple[Threshold, ...]

PLAIN: Thresholds = ((None, "blue"),)
NONE_IS_GOOD: Thresholds = ((None, "green"), (1, "red"))
# Used share of disk space, memory or swap.
FULLNESS: Thresholds = ((None, "green"), (0.8, "yellow"), (0.95, "red"))
# Load per hardware thread: above 1, threads wait for a processor.
LOAD: Thresholds = ((None, "blue"), (0.5, "green"), (1.1, "yellow"), (2, "red"))
# GPUs slow down at about 90 degrees Celsius, GPU memory at about 105.
GPU_TEMPERATURE: Thresholds = ((None, "green"), (80, "yellow"), (87, "red"))
GPU_MEMORY_TEMPERATURE: Thresholds = ((None, "green"), (90, "yellow"), (100, "red"))
# Clock error in seconds. Log files and MPI traces have a finer resolution than 10 ms.
CLOCK_ERROR: Thresholds = ((None, "green"), (0.01, "yellow"), (1, "red"))
