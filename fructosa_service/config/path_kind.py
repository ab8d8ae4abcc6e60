"""The kind of setting that is a path; a module of its own because it uses the file system."""

from pathlib import Path

from .kinds import Kind, parse_text


def _parse_path(text: str) -> Path:
    path = Path(parse_text(text))
    if text.startswith("~"):
        try:
            path = path.expanduser()
        except (RuntimeError, ValueError):  # an unknown user, or a NUL byte in the name
            raise ValueError("begins with an unknown user; write an absolute path") from None
    if not path.is_absolute() or "\0" in text:
        raise ValueError("is not an absolute path; write e.g. /var/lib/fructosa")
    return path


PATH = Kind(name="path", example="/var/lib/fructosa", parse=_parse_path)
