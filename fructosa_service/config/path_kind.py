"""The kind of setting that is a path; a module of its own because it uses the file system."""

from pathlib import Path

from .kinds import Kind, parse_text

NOT_ABSOLUTE = "is not an absolute path; write e.g. /var/lib/fructosa"
UNKNOWN_USER = "begins with an unknown user; write an absolute path"


def _parse_path(text: str) -> Path:
    path = Path(parse_text(text))
    if text.startswith("~"):
        try:
            path = path.expanduser()
        except (RuntimeError, ValueError):  # an unknown user, or a NUL byte in the name
            raise ValueError(UNKNOWN_USER) from None
    if not path.is_absolute() or "\0" in text:
        raise ValueError(NOT_ABSOLUTE)
    return path


PATH = Kind(name="path", example="/var/lib/fructosa", parse=_parse_path)
