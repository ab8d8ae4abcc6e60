"""From which values on something is worth a look, or bad."""

from .panel import Step

Steps = tuple[Step, ...]

PLAIN: Steps = ((None, "blue"),)
# Any at all is bad.
NONE_IS_GOOD: Steps = ((None, "green"), (1, "red"))
# Of space and memory: what is nearly full needs somebody.
FULLNESS: Steps = ((None, "green"), (0.8, "yellow"), (0.95, "red"))
# Threads that want to run, for each that can: more than one wait.
LOAD: Steps = ((None, "blue"), (0.5, "green"), (1.1, "yellow"), (2, "red"))
# Of degrees, where the hardware declares no limit of its own.
HEAT: Steps = ((None, "green"), (80, "yellow"), (95, "red"))
# Of GPUs: they slow down at about 90 degrees, and their memory at about 105.
GPU_HEAT: Steps = ((None, "green"), (80, "yellow"), (87, "red"))
GPU_MEMORY_HEAT: Steps = ((None, "green"), (90, "yellow"), (100, "red"))
# Of the clock, in seconds: log files and MPI traces tell apart less than that.
SKEW: Steps = ((None, "green"), (0.01, "yellow"), (1, "red"))
