"""Kinds of values for the options of plug-ins, which import them from here."""

from .config.kinds import (
    HOST,
    PATTERN,
    PORT,
    TEXT,
    YES_NO,
    Kind,
    choice,
    optional,
    seconds,
    several,
    whole,
)
from .config.path_kind import PATH

__all__ = [
    "HOST",
    "PATH",
    "PATTERN",
    "PORT",
    "TEXT",
    "YES_NO",
    "Kind",
    "choice",
    "optional",
    "seconds",
    "several",
    "whole",
]
