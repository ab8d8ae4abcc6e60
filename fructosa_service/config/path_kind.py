"""The kind of setting that is a path: apart from the other kinds, as it knows the file system."""

from pathlib import Path

from .kinds import Kind, parse_text


def _parse_path(text: str) -> Path:
    path = Path(parse_text(text))
    if text.startswith("~"):
        try:
            path = path.expanduser()
        except (RuntimeError, ValueError):  # no such user; and a NUL byte is in no user's name
            raise ValueError("is in no user's home; write the path from the root") from None
    if not path.is_absolute() or "\0" in text:
        raise ValueError("is not an absolute path; write it from the root, e.g. /var/lib/fructosa")
    return path


PATH = Kind(name="path", example="/var/lib/fructosa", parse=_parse_path)
