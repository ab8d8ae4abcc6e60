"""The entry point of lmaster; reports what to install if a package is missing."""

import sys


def main() -> int:
    """Run lmaster; return its exit code."""
    try:
        from .cli import main as run

        return run()
    except ModuleNotFoundError as error:
        package = (error.name or "fructosa").partition(".")[0]
        if package.startswith("fructosa"):
            raise
        from fructosa_service.errors import pip_install

        print(
            f"lmaster: the Python package {package} is not installed; "
            f"install all that lmaster needs with {pip_install('master')}",
            file=sys.stderr,
        )
        return 1


if __name__ == "__main__":
    if not sys.flags.safe_path:
        # As in lagent's __main__: python -m looks into the current folder first.
        current = sys.path.pop(0)
        if __file__.startswith(f"{current}/fructosa_bridge/"):
            sys.path.append(current)
    sys.exit(main())
