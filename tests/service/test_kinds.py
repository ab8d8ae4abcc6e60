"""The kinds of values that plug-ins import."""

from fructosa_service import kinds


def test_plugins_have_all_kinds_in_one_module():
    """They also include paths, which lagent's start does not need."""
    values = [
        kinds.YES_NO.parse("yes"),
        kinds.whole("jobs").parse("5"),
        str(kinds.PATH.parse("/a")),
    ]

    assert [True, 5, "/a"] == values
    assert all(hasattr(kinds, name) for name in kinds.__all__)
