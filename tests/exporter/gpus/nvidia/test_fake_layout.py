"""The structs of the fake driver are those of NVML in nvidia-ml-py."""

import ctypes

import pynvml


class Layout(ctypes.Structure):
    """An entry of the exported table: a struct, a member, or a version word."""

    _fields_ = (
        ("type", ctypes.c_char_p),
        ("member", ctypes.c_char_p),
        ("offset", ctypes.c_size_t),
        ("size", ctypes.c_size_t),
    )


def table(library):
    """Return the table: (type, member) to (offset or version word, size)."""
    lines = (Layout * 100).in_dll(library, "fake_layout")
    found = []
    for line in lines:
        if line.type is None:
            return found
        found.append((line.type.decode(), line.member.decode(), line.offset, line.size))
    raise AssertionError("the table has no end")


def pynvml_entry(name, member):
    """Return the same entry of nvidia-ml-py."""
    defined = getattr(pynvml, name)
    if member == "version word":
        return name, member, defined, 0
    if not member:
        return name, member, 0, ctypes.sizeof(defined)
    if member.endswith("[]"):  # the length differs between versions of nvidia-ml-py
        array = dict(defined._fields_)[member.removesuffix("[]")]
        offset = getattr(defined, member.removesuffix("[]")).offset
        return name, member, offset, ctypes.sizeof(array._type_)
    place = getattr(defined, member)
    return name, member, place.offset, place.size


def test_sizes_offsets_and_version_words_are_equal_to_nvidias(loaded):
    """Those of each struct that the fake fills, member by member."""
    found = table(loaded)

    assert [pynvml_entry(name, member) for name, member, _, _ in found] == found


def test_the_table_has_all_members(loaded):
    """A missing member would not be filled."""
    members = {}
    for name, member, _, _ in table(loaded):
        if member and member != "version word":
            members.setdefault(name, set()).add(member.removesuffix("[]"))

    for name, own in members.items():
        assert {member for member, *_ in getattr(pynvml, name)._fields_} == own
