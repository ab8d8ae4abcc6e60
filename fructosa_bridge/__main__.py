"""The entry point of lmaster; reports what to install if a package is missing."""

import sys

from fructosa_service.errors import pip_install


def main() -> int:
    """Run lmaster; return its exit code."""
    try:
        from .cli import main as run

        return run()
    except ModuleNotFoundError as error:
        package = (error.name or "fructosa").partition(".")[0]
        if package.startswith("fructosa"):
            raise
        print(
            f"lmaster: the Python package {package} is not installed; "
            f"install all that lmaster needs with {pip_install('master')}",
            file=sys.stderr,
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
