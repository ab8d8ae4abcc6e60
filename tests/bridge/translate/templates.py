"""Templates and pages of given lines, for tests."""

from fructosa_bridge.naming.schemes import Plain, SeriesPath
from fructosa_bridge.translate.columns import Columns, PathTable
from fructosa_bridge.translate.memory import Memory
from fructosa_bridge.translate.page_template import PageTemplates, TemplateLine
from fructosa_bridge.translate.steps import at_once


def new_templates():
    """Return an empty collection of templates with plain paths."""
    paths = PathTable()
    return PageTemplates(lambda: Columns(Plain(), paths), Memory())


def _is_sample(prefix):
    return prefix != "" and not prefix.startswith("#")


def template_lines(prefixes):
    """Return a template line for each prefix: a comment, or a sample with a path of its own."""
    return [
        TemplateLine(prefix, has_number=_is_sample(prefix), series=SeriesPath(f"p{index}"))
        for index, prefix in enumerate(prefixes)
    ]


def new_template(prefixes):
    """Return the template of a page with these *prefixes*."""
    return at_once(new_templates().template(template_lines(prefixes)))


def page_of(prefixes, numbers):
    """Return a page with one of *numbers* after each prefix of a sample."""
    texts = iter(numbers)
    return "\n".join(prefix + next(texts) if _is_sample(prefix) else prefix for prefix in prefixes)
