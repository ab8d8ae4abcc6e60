"""Text for logs and terminals, of which parts may come from others.

A page, a request or a name must neither begin a line of its own, which would pass for a message of
ours, nor control the terminal that shows it, nor fill the disk.
"""

LIMIT = 4_000
"""Characters of a message; the longest ones of ours have a few hundred."""

TRACEBACK_LIMIT = 16_000

CUT = "… ({count} more characters)"


def one_line(text: str, limit: int = LIMIT) -> str:
    """Return *text* without control characters, which are escaped, and cut if it is long."""
    if len(text) <= limit and text.isprintable():
        return text
    shown = escaped(text[:limit])[:limit]
    return shown if len(text) <= limit else shown + CUT.format(count=len(text) - limit)


def indented(traceback: str) -> str:
    """Return the lines of a *traceback*, indented as no message is; only its end if it is long."""
    return "\n".join(f"  {escaped(line)}" for line in traceback[-TRACEBACK_LIMIT:].split("\n"))


def lines(text: str) -> str:
    """Return *text* of several lines without other control characters."""
    return "\n".join(map(escaped, text.split("\n")))


def escaped(text: str) -> str:
    r"""Return *text* with ``\n``, ``\x1b`` and the like in place of what cannot be printed."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escape(one) for one in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
