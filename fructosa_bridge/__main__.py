"""The entry point of lmaster; reports what to install if a package is missing."""

import sys

from fructosa_service.errors import pip_install


def main() -> int:
    """Run lmaster; return its exit code."""
    try:
        from .cli import main as run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0].startswith("fructosa"):
            raise
        print(
            f"lmaster: the Python package {error.name} is not installed; "
            f"install all that lmaster needs with {pip_install('master')}",
            file=sys.stderr,
        )
        return 1
    return run()


if __name__ == "__main__":
    sys.exit(main())
