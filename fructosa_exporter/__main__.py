"""Run lagent with `python -m fructosa_exporter`."""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        # python -m looks into the current folder first, in which modules of others may lie. It
        # comes last if this package is there, as in a checkout.
        current = sys.path.pop(0)
        if __file__.startswith(f"{current}/fructosa_exporter/"):
            sys.path.append(current)
    from .cli import main

    sys.exit(main())
