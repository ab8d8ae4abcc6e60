"""The two hottest loops in C, None where no compiler was available: Python then does the same.

Change both: tests/bridge/translate/test_fast.py compares them.
"""

from collections.abc import Callable

numbers: Callable[[str, tuple[tuple[bytes, bytes], ...], int, bool], bytes | None] | None
frames: Callable[[str, tuple[str, ...], str, int, bytes], bytes | None] | None
try:
    from ._fast import frames, numbers
except ImportError:
    frames = numbers = None
