"""Names into a regular expression that takes these and no others, as short as it may be."""

import re
from collections.abc import Iterable


def of_names(names: Iterable[str]) -> str:
    """Return the pattern of *names*: ``node(?:0(?:0[1-9]|1[0-2]))`` for node[001-012].

    Names that begin alike share their beginning, and letters that go on alike share what follows.
    """
    return _of(sorted(set(names)))


def _of(names: list[str]) -> str:
    begin = _common(names)
    if begin:
        return re.escape(begin) + _of([name[len(begin) :] for name in names])
    follows: dict[str, str] = {}  # what goes on → the letters before it
    for letter, rests in _by_letter(names).items():
        if letter:
            follow = _of(rests)
            follows[follow] = follows.get(follow, "") + letter
    choices = [_letters(letters) + follow for follow, letters in follows.items()]
    if not choices:
        return ""
    if "" in names:
        return f"(?:{'|'.join(choices)})?"
    return choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"


def _common(names: list[str]) -> str:
    """Return what sorted *names* all begin with: what the first and the last do."""
    first, last = names[0], names[-1]
    for at, letter in enumerate(first):
        if at >= len(last) or last[at] != letter:
            return first[:at]
    return first


def _by_letter(names: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name[:1], []).append(name[1:])
    return found


def _letters(letters: str) -> str:
    """Return the pattern of any of some *letters*, which are in order."""
    if len(letters) == 1:
        return re.escape(letters)
    return f"[{''.join(map(_run, _runs(letters)))}]"


def _runs(letters: str) -> list[str]:
    runs = [letters[0]]
    for letter in letters[1:]:
        if ord(letter) == ord(runs[-1][-1]) + 1:
            runs[-1] += letter
        else:
            runs.append(letter)
    return runs


def _run(run: str) -> str:
    if len(run) < 3:
        return re.escape(run)
    return f"{re.escape(run[0])}-{re.escape(run[-1])}"
