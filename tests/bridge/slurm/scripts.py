"""Small scripts in the place of Slurm's commands."""

import shlex


def script(folder, name, text):
    """Write a shell script, and return the folder."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return folder


def printing(file, code=0, errors=None):
    """Return the text of a script that prints a file, and errors, and ends with an exit code."""
    also = f"cat {shlex.quote(str(errors))} >&2\n" if errors else ""
    return f"cat {shlex.quote(str(file))}\n{also}exit {code}"
