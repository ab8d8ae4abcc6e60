"""Declared settings: a frozen dataclass for each section, a typed field with help for each key.

    @dataclass(frozen=True, kw_only=True)
    class WebSettings:
        port: int = option(PORT, 9888, "TCP port of the page.")

load.py checks files against such classes; examples and documentation are generated from them
(example.py, man_pages.py).
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .kinds import Kind

T = TypeVar("T")


class _Required:
    """The default of a key that must be set."""


REQUIRED: Any = _Required()


@dataclass(frozen=True)
class Option:
    """One key: its name in files, its kind, its default, and one sentence of help."""

    field_name: str
    key: str
    kind: Kind[Any]
    default: Any
    help: str

    @property
    def is_required(self) -> bool:
        """Whether a file must set the key."""
        return self.default is REQUIRED

    @property
    def default_text(self) -> str:
        """The default as written in a file; empty if there is none."""
        return "" if self.is_required else self.kind.show(self.default)


def option(kind: Kind[T], default: Any, help: str, *, key: str | None = None) -> Any:  # noqa: A002
    """Declare a field of a settings class; *key* is its name in files if it differs."""
    metadata = {"kind": kind, "help": help, "key": key, "default": default}
    if default is REQUIRED:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


def options_of(settings: type) -> list[Option]:
    """Return the declared keys of a *settings* class, in order."""
    return [
        Option(
            field_name=declared.name,
            key=declared.metadata["key"] or declared.name,
            kind=declared.metadata["kind"],
            default=declared.metadata["default"],
            help=declared.metadata["help"],
        )
        for declared in dataclasses.fields(settings)
    ]


@dataclass(frozen=True, kw_only=True)
class SectionType:
    """A section that a file may have.

    ``settings`` is its class. For sections ``[name:LABEL]`` it can be a mapping from each valid
    label to a class. A section that ``may_be_labelled`` can appear as ``[name]``, as
    ``[name:LABEL]``, or both. ``obsolete`` are keys of FrUCToSA 0.x that are accepted and ignored;
    a section without ``settings`` is ignored as a whole.
    """

    name: str
    help: str
    settings: type | Mapping[str, type] | None = None
    labelled: bool = False
    may_be_labelled: bool = False
    obsolete: Sequence[str] = ()
