"""`python -m benchmarks.fuzz.worker UNTIL MODULE TARGET FOLDER OPTION…`: fuzz a target.

atheris sees which branches an input has reached, and mutates those that reach new ones. It would
stop at an exception: so these are written to files here.
"""

import sys
import time
from importlib import import_module
from pathlib import Path

import atheris

from .costs import Costs
from .findings import Findings

_PACKAGES = ["fructosa_bridge", "fructosa_exporter", "fructosa_service"]
_SHORTEST_S = 5


def main() -> None:
    """Fuzz; does not return."""
    until_s, module, name, folder, *options = sys.argv[1:]
    with atheris.instrument_imports(include=_PACKAGES):
        found = import_module(module).TARGETS
    target = next(one for one in found if one.name == name)
    costs = Costs(target)
    findings = Findings(name, Path(folder), costs)

    def try_input(data: bytes) -> None:
        findings.count()
        try:
            target.check(data)
            costs.measure(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a failure of the target
            findings.add(error, data)

    # To instrument the code has taken some of the time, on a busy machine all of it.
    left_s = max(_SHORTEST_S, round(float(until_s) - time.monotonic()))
    atheris.Setup([sys.argv[0], f"-max_total_time={left_s}", *options], try_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
