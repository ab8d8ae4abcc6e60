"""Declared settings."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from fructosa_service.config.kinds import PORT, YES_NO, optional
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import REQUIRED, option, options_of


@dataclass(frozen=True, kw_only=True)
class Web:
    """A required key, one with a default, one without, and one with another name in files."""

    root: Path = option(PATH, REQUIRED, "What is served.")
    port: int = option(PORT, 80, "Where it is served.")
    log: Path | None = option(optional(PATH), None, "What is written.")
    is_open: bool = option(YES_NO, True, "To whom.", key="open to all")


@pytest.mark.parametrize(
    ("key", "is_required", "default_text"),
    [
        ("root", True, ""),
        ("port", False, "80"),
        ("log", False, ""),
        ("open to all", False, "yes"),
    ],
)
def test_the_default_of_a_key_is_as_written_in_a_file(key, is_required, default_text):
    """A required key has none."""
    declared = {one.key: one for one in options_of(Web)}[key]

    assert is_required == declared.is_required
    assert default_text == declared.default_text


def test_a_settings_class_has_its_defaults():
    """Only required keys must be given."""
    assert Web(root=Path("/x"), port=80, log=None, is_open=True) == Web(root=Path("/x"))
    with pytest.raises(TypeError, match="root"):
        Web()
