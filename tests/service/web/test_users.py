"""Users with bcrypt hashes, from a file."""

import base64
import gc
import re
import sys

import bcrypt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fructosa_service.errors import CAN_NOT_BE_READ, FileError, pip_install
from fructosa_service.web.users import NOT_A_USER, UsersFile, credentials, read_users

# What `htpasswd -nbB -C 4 alice s3cret` of Debian 12's apache2-utils 2.4.71 wrote.
ALICE = "alice:$2y$04$meNg1GILja2t9P.dNDoCLuiedecbL.I8IlwMiuxoM8DSJzKMWjNDG"


def entry(user, password, cost=4, prefix=b"2y"):
    """Return a line as htpasswd -B writes it."""
    made = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(cost))
    return f"{user}:{made.replace(b'$2b$', b'$%b$' % prefix).decode()}"


def header(user, password, scheme="Basic"):
    """Return the Authorization header of a client."""
    return f"{scheme} {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class Clock:
    """A clock that can be advanced."""

    now_s = 1000.0

    def __call__(self):
        return self.now_s


class Bcrypt:
    """A fake bcrypt that records its calls; only the password *right* matches, for any hash."""

    def __init__(self, right=b"right"):
        self.right = right
        self.calls = []

    def __call__(self, password, hashed):
        self.calls.append((password, hashed))
        return password == self.right


@pytest.fixture
def file(tmp_path):
    """Return what writes a users file, as an editor does, and returns its path."""

    def write(*lines, end="\n"):
        path = tmp_path / "users"
        fresh = tmp_path / "users.fresh"
        fresh.write_bytes("".join(line + end for line in lines).encode("utf-8", "surrogateescape"))
        fresh.replace(path)
        return path

    return write


def refusal(path):
    """Return the message for a file that can't be used."""
    with pytest.raises(FileError) as refused:
        read_users(path)
    return str(refused.value)


def test_a_file_has_a_user_a_line(file):
    """Comments, blank lines and the space around a line are ignored."""
    path = file("# users", "", entry("alice", "a"), "  ", "  # more", f" {entry('bob', 'b')} ")

    assert ["alice", "bob"] == list(read_users(path))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_may_end_as_on_any_system(file, end):
    """The last one needs no line end."""
    path = file(entry("alice", "a"), entry("bob", "b"), end=end)
    with path.open("a") as users:
        users.write(entry("eve", "e"))

    assert ["alice", "bob", "eve"] == list(read_users(path))


def test_a_file_may_begin_with_a_byte_order_mark(file):
    """It is not part of the first name."""
    assert ["alice"] == list(read_users(file("\ufeff" + ALICE)))


@pytest.mark.parametrize("prefix", [b"2a", b"2b", b"2x", b"2y"])
def test_all_prefixes_of_bcrypt_hashes_are_accepted(file, prefix):
    """Programs write different ones; htpasswd writes $2y$."""
    users = UsersFile(file(entry("alice", "secret", prefix=prefix)))

    assert users.check(header("alice", "secret"))
    assert not users.check(header("alice", "Secret"))


def test_a_line_of_htpasswd_is_accepted(file):
    """Exactly as it wrote the line."""
    users = UsersFile(file(ALICE))

    assert users.check(header("alice", "s3cret"))
    assert not users.check(header("alice", "s3cret "))


HASH = ALICE.partition(":")[2]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("alice", NOT_A_USER),
        ("alice:", NOT_A_USER),
        (f":{HASH}", NOT_A_USER),
        (f"alice:x:{HASH}", NOT_A_USER),
        (f"alice: {HASH}", NOT_A_USER),
        (f"alice {HASH}", NOT_A_USER),
        ("alice:secret", NOT_A_USER),
        ("alice:$apr1$zkbsG8Yl$Zm3r4bD1LrN6bG7Zq4y9S0", NOT_A_USER),
        ("alice:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", NOT_A_USER),
        (f"alice:{HASH[:-1]}", NOT_A_USER),
        (f"alice:{HASH}a", NOT_A_USER),
        (f"alice:{HASH[:-1]}!", NOT_A_USER),
        (f"alice:{HASH.replace('$2y$', '$2z$')}", NOT_A_USER),
        (f"alice:{HASH.replace('$04$', '$03$')}", NOT_A_USER),
        (f"alice:{HASH.replace('$04$', '$18$')}", NOT_A_USER),
        (f"alice:{HASH.replace('$04$', '$99$')}", NOT_A_USER),
        (f"alice:{HASH[:28]}9{HASH[29:]}", NOT_A_USER),
        (f"bob:{HASH}", "duplicate user; remove one of the two lines"),
    ],
)
def test_a_message_names_the_line_that_can_not_be_used(file, line, why):
    """A hash that bcrypt would reject is found when the file is read."""
    path = file("# users", f"bob:{HASH}", "", line, f"eve:{HASH}")

    assert f"{path}:4: {why}" == refusal(path)


@pytest.mark.parametrize("lines", [(), ("# nobody", "", " ")])
def test_a_file_without_users_is_rejected(file, lines):
    """It would lock everybody out; the message shows how to add a user."""
    path = file(*lines)

    expected = f"[web] users file {path}: has no users; add one with: htpasswd -B {path} USER"
    assert expected == refusal(path)


def test_a_file_that_does_not_exist_is_rejected(tmp_path):
    """As any file of secrets."""
    path = tmp_path / "missing"

    reason = CAN_NOT_BE_READ.format(reason="No such file or directory")
    assert f"[web] users file {path}: {reason}" == refusal(path)


def test_a_file_in_another_encoding_is_rejected(file):
    """A name in another encoding would never match."""
    path = file("j\udcf6rg:" + HASH)

    assert f"[web] users file {path}: is not UTF-8 text; save it as UTF-8" == refusal(path)


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=80),
            st.sampled_from([ALICE.encode(), b"\n", b"\r\n", b":", b"$2y$04$", b"\xe2\x80\xa8"]),
        ),
        max_size=6,
    ).map(b"".join)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_file_is_read_or_rejected(tmp_path, content):
    """bcrypt raises no error for a file that was read."""
    path = tmp_path / "users"
    path.write_bytes(content)
    try:
        found = read_users(path)
    except FileError:
        return

    assert {False} == {bcrypt.checkpw(b"wrong", hashed) for hashed in found.values()}


_HASHES = st.from_regex(r"\$2[abxy]\$0[0-9]\$[./A-Za-z0-9]{53}", fullmatch=True)


@given(_HASHES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_bcrypt_accepts_every_hash_that_is_read(tmp_path, hashed):
    """Its error would fail the check of every password."""
    path = tmp_path / "users"
    path.write_text(f"alice:{hashed}\n")
    try:
        (found,) = read_users(path).values()
    except FileError:
        return

    assert bcrypt.checkpw(b"wrong", found) is False


@pytest.mark.parametrize(
    ("user", "password", "expected"),
    [
        ("alice", "secret", True),
        ("alice", "Secret", False),
        ("alice", "", False),
        ("alice", "secret ", False),
        ("alice", "other", False),
        ("bob", "other", True),
        ("bob", "secret", False),
        ("Alice", "secret", False),
        ("eve", "secret", False),
        ("", "secret", False),
        ("", "", False),
    ],
)
def test_only_the_right_password_of_a_known_user_is_right(file, user, password, expected):
    """At first, and when the verdict is stored."""
    users = UsersFile(file(entry("alice", "secret"), entry("bob", "other")))
    sent = header(user, password)

    verdicts = [users.known(sent), users.check(sent), users.known(sent), users.check(sent)]

    assert [None, expected, expected, expected] == verdicts


@pytest.mark.parametrize(
    "password", ["a:b", ":", "pässwörd", "密码🔑", " blanks ", "x" * 71, "y" * 72, ""]
)
def test_a_password_may_have_any_characters(file, password):
    """In UTF-8, as the 401 response requests them."""
    users = UsersFile(file(entry("jörg müller", password)))

    assert users.check(header("jörg müller", password))
    assert not users.check(header("jörg müller", f"{password[:71]}!"))


def test_a_long_password_is_cut_as_htpasswd_cuts_it(file):
    """After 72 bytes; newer versions of bcrypt refuse more."""
    password = "ä" * 50
    users = UsersFile(file(entry("alice", password)))

    assert users.check(header("alice", password))
    assert users.check(header("alice", "ä" * 36 + "whatever"))
    assert not users.check(header("alice", "ä" * 35 + "öä"))


@pytest.mark.parametrize("password", ["secret\0", "\0secret", "sec\0ret", "secret\0more", "\0"])
def test_a_password_with_a_nul_is_wrong(file, password):
    """bcrypt might ignore the rest of it."""
    users = UsersFile(file(entry("alice", "secret"), entry("bob", "")))

    assert [False, False] == [users.check(header(user, password)) for user in ("alice", "bob")]


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC", "bAsIc", "Basic  "])
def test_the_scheme_is_read_in_any_case(file, scheme):
    """As in HTTP."""
    assert UsersFile(file(ALICE)).check(header("alice", "s3cret", scheme))


@pytest.mark.parametrize(
    "sent",
    [
        "",
        " ",
        "Basic",
        "Basic ",
        "Bearer " + header("alice", "s3cret").partition(" ")[2],
        header("alice", "s3cret").partition(" ")[2],
        header("alice", "s3cret")[:-1],
        header("alice", "s3cret") + "!",
        header("alice", "s3cret") + ", " + header("alice", "s3cret"),
        "Basic " + base64.b64encode(b"alice").decode(),
        "Basic " + base64.b64encode(b"alic\xe9:s3cret").decode(),
        "Basic ä",
        "Digest username=alice",
    ],
)
def test_an_invalid_header_is_wrong(file, sent):
    """It takes as long to check."""
    users = UsersFile(file(ALICE))

    assert users.check(sent) is False


@given(
    st.one_of(
        st.text(max_size=60),
        st.binary(max_size=60).map(lambda some: "Basic " + base64.b64encode(some).decode()),
    )
)
def test_any_header_is_parsed(some):
    """Even with characters that no header can have."""
    user, password = credentials(some)

    assert 72 >= len(password)
    assert b"\0" not in password
    assert ":" not in user


@given(
    st.one_of(
        st.text(max_size=40),
        st.binary(max_size=90).map(lambda some: "Basic " + base64.b64encode(some).decode()),
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_header_makes_the_check_fail(real_users, some):
    """bcrypt raises no error for it."""
    assert real_users.check(some) is real_users.known(some) is False


@pytest.fixture(scope="module")
def real_users(tmp_path_factory):
    """Users with real hashes."""
    path = tmp_path_factory.mktemp("users") / "users"
    path.write_text(ALICE)
    return UsersFile(path)


class Fake:
    """Users with a fake bcrypt, and a clock."""

    def __init__(self, file, *names, right=b"right"):
        self.file = file
        self.bcrypt = Bcrypt(right)
        self.clock = Clock()
        self.users = UsersFile(self.write(*names), self.bcrypt, self.clock)

    def write(self, *names):
        return self.file(*(f"{name}:{HASH}" for name in names))


@pytest.fixture
def fake(file):
    """Two users, alice and bob."""
    return Fake(file, "alice", "bob")


@pytest.mark.parametrize(("password", "expected"), [("right", True), ("wrong", False)])
def test_a_password_is_checked_once(fake, password, expected):
    """A scraper sends the same header for months."""
    verdicts = {fake.users.check(header("alice", password)) for _ in range(100)}

    assert {expected} == verdicts
    assert 1 == len(fake.bcrypt.calls)


def test_a_verdict_is_for_one_user_and_one_password(fake):
    """It holds for no other."""
    fake.users.check(header("alice", "right"))

    assert [True, None, None, None] == [
        fake.users.known(header(*named))
        for named in (("alice", "right"), ("bob", "right"), ("alice", "righ"), ("alic", "eright"))
    ]


def test_the_password_of_an_unknown_user_is_checked_too(fake):
    """Otherwise the time of the response would reveal which users exist."""
    fake.users.check(header("alice", "guess"))
    fake.users.check(header("nobody", "guess"))
    fake.users.check("nonsense")

    costs = [hashed[4:6] for _, hashed in fake.bcrypt.calls]
    assert [HASH[4:6].encode()] * 3 == costs


@pytest.mark.parametrize("name", ["alice", "bob", "carol", "eve"])
def test_a_wrong_password_takes_as_long_for_each_name(file, name):
    """Known or not, whatever the costs of hashes are: each step doubles the time."""
    fake_bcrypt = Bcrypt()
    entries = [f"{user}:{HASH.replace('$04$', cost)}" for user, cost in COSTS.items()]
    users = UsersFile(file(*entries), fake_bcrypt)

    assert users.check(header(name, "guess")) is False

    assert 2**11 == sum(2 ** int(hashed[4:6]) for _, hashed in fake_bcrypt.calls)


COSTS = {"alice": "$04$", "bob": "$11$", "carol": "$10$"}  # htpasswd writes 5 by default


def test_what_unknown_users_are_compared_with_is_a_hash_that_matches_nothing(file):
    """bcrypt reads it."""
    fake_bcrypt = Bcrypt()
    UsersFile(file(f"alice:{HASH}"), fake_bcrypt).check(header("eve", "guess"))

    (_, hashed) = fake_bcrypt.calls[0]
    assert hashed.startswith(b"$2b$04$")
    assert bcrypt.checkpw(b"guess", hashed) is False


def test_a_right_password_is_checked_once_whatever_the_costs_are(file):
    """Its user is known then anyway."""
    fake_bcrypt = Bcrypt(b"right")
    entries = [f"{user}:{HASH.replace('$04$', cost)}" for user, cost in COSTS.items()]

    assert UsersFile(file(*entries), fake_bcrypt).check(header("alice", "right")) is True
    assert 1 == len(fake_bcrypt.calls)


def test_an_unknown_user_is_wrong_even_if_the_dummy_hash_matches(file):
    """Should somebody find a password for it."""
    users = UsersFile(file(ALICE), lambda *_: True)

    assert users.check(header("nobody", "x")) is False


def test_a_change_of_the_file_drops_all_verdicts(fake):
    """Right ones and wrong ones."""
    for password in ("right", "wrong"):
        fake.users.check(header("alice", password))
    fake.write("alice")
    fake.clock.now_s += 1

    assert [None, None] == [
        fake.users.known(header("alice", password)) for password in ("right", "wrong")
    ]


def test_a_changed_password_takes_effect_without_a_restart(file):
    """The old one is then wrong, and so is a removed user."""
    clock = Clock()
    users = UsersFile(file(entry("alice", "old"), entry("bob", "b")), clock=clock)
    assert users.check(header("alice", "old"))
    assert users.check(header("bob", "b"))
    file(entry("alice", "new"))
    clock.now_s += 1

    assert users.check(header("alice", "new"))
    assert [False, False] == [
        users.check(header("alice", "old")),
        users.check(header("bob", "b")),
    ]


def test_a_check_during_which_the_file_changes_stores_no_verdict(file):
    """Another thread reads the new file, which has another password."""
    clock = Clock()

    def check_slowly(password, _):
        file(entry("alice", "new"))
        clock.now_s += 1
        users.known(header("somebody", "else"))
        return password == b"old"

    users = UsersFile(file(entry("alice", "old")), check_slowly, clock)

    assert users.check(header("alice", "old")) is True
    assert users.known(header("alice", "old")) is None


def test_a_broken_file_locks_nobody_out(fake, file, caplog):
    """The previous content stays in use, with its verdicts."""
    fake.users.check(header("alice", "right"))
    path = file("nonsense")
    fake.clock.now_s += 1

    assert fake.users.known(header("alice", "right")) is True
    assert f"{path}:1: {NOT_A_USER}" in caplog.text


def test_wrong_passwords_neither_fill_the_memory_nor_drop_right_ones(fake):
    """However long somebody guesses."""
    fake.users.check(header("alice", "right"))
    for number in range(2500):
        fake.users.check(header("alice", f"guess {number}"))

    assert 1000 >= len(fake.users._accounts.value().rejected)
    assert fake.users.known(header("alice", "right")) is True
    assert fake.users.known(header("alice", "guess 2499")) is False


def test_variants_of_the_right_password_do_not_fill_the_memory(file):
    """Case of the scheme, more spaces, and text after the 72 bytes that bcrypt reads."""
    long = "x" * 72
    fake = Fake(file, "alice", right=long.encode())
    for number in range(50):
        scheme = "".join(
            letter.upper() if number >> at & 1 else letter for at, letter in enumerate("basic")
        )
        fake.users.check(header("alice", f"{long}{number}", scheme + " " * number))

    assert 1 == len(fake.users._accounts.value().accepted)
    assert 1 == len(fake.bcrypt.calls)


def test_no_password_stays_in_memory(file):
    """Nor does the header; only hashes of them do, with a key that differs in each process."""
    password = "correct horse battery staple"  # noqa: S105
    sent = header("alice", password)
    secrets = (password, password.encode(), sent, sent.partition(" ")[2])
    users = UsersFile(file(f"alice:{HASH}"), lambda *_: True)
    again = UsersFile(file(f"alice:{HASH}"), lambda *_: True)
    assert users.check(sent)
    assert again.check(sent)

    def reachable(root):
        seen, found, todo = set(), [], [root]
        while todo:
            one = todo.pop()
            if id(one) in seen or isinstance(one, type | type(sys) | type(reachable)):
                continue
            seen.add(id(one))
            found.append(one)
            todo += gc.get_referents(one)
        return found

    texts = [one for one in reachable(users) if isinstance(one, str | bytes)]
    assert [] == [one for one in texts if one in secrets]
    assert 32 == len(next(iter(users._accounts.value().accepted)))
    assert users._accounts.value().accepted.isdisjoint(again._accounts.value().accepted)


def test_without_bcrypt_the_message_names_what_to_install(file, monkeypatch):
    """It is an optional dependency."""
    monkeypatch.setitem(sys.modules, "bcrypt", None)

    with pytest.raises(FileError, match=re.escape(pip_install("users"))):
        UsersFile(file(ALICE))
