"""Example files generated from declarations."""

from dataclasses import dataclass
from pathlib import Path

from fructosa_service.config.example import example
from fructosa_service.config.kinds import PORT, YES_NO, optional
from fructosa_service.config.load import check
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import REQUIRED, SectionType, option
from fructosa_service.logs import LOGGING, LoggingSettings


@dataclass(frozen=True, kw_only=True)
class Web:
    """A required key, one with a default, one without, and one with another name in files."""

    root: Path = option(PATH, REQUIRED, "What is served.")
    port: int = option(PORT, 80, "Where it is served.")
    log: Path | None = option(optional(PATH), None, "What is written.")
    is_open: bool = option(YES_NO, True, "To whom.", key="open to all")


WEB = SectionType(name="web", help="The web.", settings=Web, labelled=True)


def test_the_example_has_every_key_with_its_help_and_default():
    """A key without a default is a comment that shows how to write it."""
    text = example("Two words.\nMore.", [(WEB, "web:a", Web)])

    expected = """\
# Two words.
# More.

# The web.
[web:a]
# What is served. (path)
root = /var/lib/fructosa
# Where it is served. (port)
port = 80
# What is written. (path)
# log = /var/lib/fructosa
# To whom. (yes or no)
open to all = yes
"""
    assert expected == text


def test_the_example_is_valid_and_has_the_defaults():
    """It can be copied and edited."""
    text = example("", [(WEB, "web:a", Web), (LOGGING, "logging", LoggingSettings)])

    loaded = check(text, "f", [WEB, LOGGING])

    assert {"a": Web(root=Path("/var/lib/fructosa"))} == loaded.labelled("web")
    assert LoggingSettings() == loaded.one("logging", LoggingSettings)


def test_long_help_is_wrapped():
    """To the width of a terminal."""
    text = example("word " * 100, [])

    assert max(map(len, text.splitlines())) <= 80
