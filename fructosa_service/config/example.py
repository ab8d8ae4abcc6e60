"""Example files generated from the declarations, so they are never out of date."""

import textwrap
from collections.abc import Iterator, Sequence

from .settings import Option, SectionType, options_of


def example(introduction: str, schema: Sequence[tuple[SectionType, str, type]]) -> str:
    """Return a file with every key, its default and its help.

    *schema* has the type of each section, its header in the example (with a label if the section
    needs one), and the class of its settings.
    """
    blocks = [_comment(introduction)]
    blocks += [_section(*entry) for entry in schema]
    return "\n\n".join(blocks) + "\n"


def _comment(text: str) -> str:
    paragraphs = [textwrap.wrap(paragraph, 76) for paragraph in text.split("\n")]
    return "\n".join(f"# {line}".rstrip() for lines in paragraphs for line in lines or [""])


def _section(section_type: SectionType, header: str, settings: type) -> str:
    lines = list(_lines(options_of(settings)))
    return "\n".join([_comment(section_type.help), f"[{header}]", *lines])


def _lines(options: Sequence[Option]) -> Iterator[str]:
    for declared in options:
        yield _comment(f"{declared.help} ({declared.kind.name})")
        if declared.is_required:
            yield f"{declared.key} = {declared.kind.example}"
        elif declared.default_text:
            yield f"{declared.key} = {declared.default_text}"
        else:  # no default: a comment shows how to write the key
            yield f"# {declared.key} = {declared.kind.example}"
