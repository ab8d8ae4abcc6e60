"""The entry point of lmaster: says what to install where the extra [master] is missing."""

import sys


def main() -> int:
    """Run lmaster; return its exit code."""
    try:
        from .cli import main as run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0].startswith("fructosa"):
            raise
        print(
            f"lmaster: the Python package {error.name} is missing here; "
            "install what the head node needs: pip install 'FrUCToSA[master]'",
            file=sys.stderr,
        )
        return 1
    return run()


if __name__ == "__main__":
    sys.exit(main())
