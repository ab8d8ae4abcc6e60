"""Numbers as exporters write them, as JSON would accept them, and as neither does."""

from hypothesis import strategies as st

_valid = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.integers(2**53, 2**64 + 9).map(str),
    st.from_regex(r"[-+]?[0-9]{0,20}\.?[0-9]{1,20}([eE][-+]?[0-9]{1,3})?", fullmatch=True),
)
ODD = [
    *["-0", "-0.0", "1e999", "-1e999", "1e-999", "01", "+1", "1.", ".5", ".", "-", "+", "e5", "1e"],
    *["0x1", "1_0", "NaN", "nan", "-nan", "+Inf", "-Infinity", "infin", "null", "true", "false"],
    *["[1]", "{}", '{"a":1}', "1,2", "1]", "]", "[", ",", '"1"', "1}", "1#", "1 # {} 2", "9" * 400],
    *["١", "²", "1\xa0", "1\x0b", "1\x1f", "1\x00", "1\ufeff", "", " ", "1 ", " 1", "1\t", "1\r"],
    *["1 2", "1\n", "\n1", "18446744073709551616", "-9223372036854775809", "5e-324", "1E+5"],
]


def number_texts(count):
    """Return a strategy of *count* texts: mostly valid numbers, as an odd one refuses the page."""
    return st.builds(
        lambda valid, odd: [odd.get(index, text) for index, text in enumerate(valid)],
        st.lists(_valid, min_size=count, max_size=count),
        st.dictionaries(st.integers(0, count - 1), st.sampled_from(ODD), max_size=2),
    )
