"""The fake driver's structs are those of NVML, as nvidia-ml-py defines them."""

import ctypes

import pynvml


class Layout(ctypes.Structure):
    """A line of the table that the fake exports: a struct, a member, or a version word."""

    _fields_ = (
        ("type", ctypes.c_char_p),
        ("member", ctypes.c_char_p),
        ("offset", ctypes.c_size_t),
        ("size", ctypes.c_size_t),
    )


def table(library):
    """Return the fake's table: name of type and member, offset or version word, size."""
    lines = (Layout * 100).in_dll(library, "fake_layout")
    found = []
    for line in lines:
        if line.type is None:
            return found
        found.append((line.type.decode(), line.member.decode(), line.offset, line.size))
    raise AssertionError("the table has no end")


def of_pynvml(name, member):
    """Return the same of nvidia-ml-py."""
    defined = getattr(pynvml, name)
    if member == "version word":
        return name, member, defined, 0
    if not member:
        return name, member, 0, ctypes.sizeof(defined)
    if member.endswith("[]"):  # how many there are differs between versions of nvidia-ml-py
        array = dict(defined._fields_)[member.removesuffix("[]")]
        offset = getattr(defined, member.removesuffix("[]")).offset
        return name, member, offset, ctypes.sizeof(array._type_)
    place = getattr(defined, member)
    return name, member, place.offset, place.size


def test_sizes_offsets_and_version_words_are_nvidias(loaded):
    """Each struct that the fake fills, member by member."""
    found = table(loaded[0])

    assert [of_pynvml(name, member) for name, member, _, _ in found] == found


def test_no_member_is_forgotten(loaded):
    """A member that nvidia-ml-py has and the fake has not would be left unfilled."""
    members = {}
    for name, member, _, _ in table(loaded[0]):
        if member and member != "version word":
            members.setdefault(name, set()).add(member.removesuffix("[]"))

    for name, own in members.items():
        assert {member for member, *_ in getattr(pynvml, name)._fields_} == own
