"""The two hottest loops in C, None where no compiler was available: Python then does the same.

Change both: tests/bridge/translate/test_fast.py compares them.
"""

from collections.abc import Callable

FixedTexts = tuple[tuple[bytes, bytes], ...]
Numbers = Callable[[str, FixedTexts, int, bool, int], tuple[bytes, int] | None]
numbers: Numbers | None
frames: Callable[[str, tuple[str, ...], str, int, bytes], bytes | None] | None
try:
    from ._fast import frames, numbers
except ImportError:
    frames = numbers = None
