"""Declarations for the options of plug-ins, which import them from here."""

from .config.settings import option

__all__ = ["option"]
