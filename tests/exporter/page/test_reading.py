"""The result of reading a sensor once."""

from fructosa_exporter.metrics import gauge
from fructosa_exporter.page.exposition import Format, SeriesTemplate
from fructosa_exporter.page.reading import Reading

SIZE = gauge("fructosa_test_size_bytes", "Sizes.", "of")


def reading(*sizes):
    """Return a reading with these *sizes*, labelled a, b and c."""
    template = SeriesTemplate([(SIZE, (name,)) for name, _ in zip("abc", sizes, strict=False)])
    return Reading(began_s=0, duration_s=1, template=template, values=sizes)


def test_a_reading_has_each_series_with_its_value():
    """In the order in which the sensor yielded them."""
    assert [((SIZE, ("a",)), 3), ((SIZE, ("b",)), 4)] == reading(3, 4).samples


def test_a_reading_is_rendered_once_for_each_format():
    """Scrapes within the interval get the same text again."""
    reading_of_three = reading(3)
    texts = {format_: reading_of_three.render(format_) for format_ in Format}

    assert 'fructosa_test_size_bytes{of="a"} 3\n' in texts[Format.TEXT]
    assert "# UNIT fructosa_test_size_bytes bytes\n" in texts[Format.OPENMETRICS]
    assert all(reading_of_three.render(format_) is text for format_, text in texts.items())


def test_a_reading_without_samples_renders_nothing():
    """Such as that of a failed sensor."""
    failed = Reading(began_s=0, duration_s=1, error="OSError: gone")

    assert ("", []) == (failed.render(Format.TEXT), failed.samples)


def test_rendering_does_not_affect_equality():
    """The texts are only a cache."""
    one, other = (
        Reading(began_s=0, duration_s=1, values=()),
        Reading(began_s=0, duration_s=1, values=()),
    )
    one.render(Format.TEXT)

    assert one == other
