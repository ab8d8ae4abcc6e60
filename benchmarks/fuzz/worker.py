"""`python -m benchmarks.fuzz.worker MODULE TARGET FOLDER OPTION…`: fuzz one target for some time.

atheris sees which branches an input has reached, and mutates those that reach new ones. It would
stop at an exception: so these are written to files here.
"""

import sys
from importlib import import_module
from pathlib import Path

import atheris

from .costs import Costs
from .findings import Findings

_PACKAGES = ["fructosa_bridge", "fructosa_exporter", "fructosa_service"]


def main() -> None:
    """Fuzz; does not return."""
    module, name, folder, *options = sys.argv[1:]
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

    atheris.Setup([sys.argv[0], *options], try_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
