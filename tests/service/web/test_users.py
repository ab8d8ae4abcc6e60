"""Who may ask: users with bcrypt hashes from a file."""

import base64
import gc
import sys

import bcrypt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fructosa_service.errors import UsageError
from fructosa_service.web.users import Users, credentials, read_users

# What `htpasswd -nbB -C 4 alice s3cret` of Debian 12's apache2-utils 2.4.71 wrote.
ALICE = "alice:$2y$04$meNg1GILja2t9P.dNDoCLuiedecbL.I8IlwMiuxoM8DSJzKMWjNDG"


def entry(user, password, cost=4, prefix=b"2y"):
    """Return a line as htpasswd -B writes it."""
    made = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(cost))
    return f"{user}:{made.replace(b'$2b$', b'$%b$' % prefix).decode()}"


def header(user, password, scheme="Basic"):
    """Return the header with which a client names itself."""
    return f"{scheme} {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class Clock:
    """A clock that can be put forward."""

    now_s = 1000.0

    def __call__(self):
        return self.now_s


class Bcrypt:
    """bcrypt that counts what it is asked; a hash is that of the password *right*."""

    def __init__(self, right=b"right"):
        self.right = right
        self.asked = []

    def __call__(self, password, hashed):
        self.asked.append((password, hashed))
        return password == self.right


@pytest.fixture
def file(tmp_path):
    """Write a users file anew, as an editor does; return its path."""

    def write(*lines, end="\n"):
        path = tmp_path / "users"
        fresh = tmp_path / "users.fresh"
        fresh.write_bytes("".join(line + end for line in lines).encode("utf-8", "surrogateescape"))
        fresh.replace(path)
        return path

    return write


def refusal(path):
    """Return what is said of a file that can't be used."""
    with pytest.raises(UsageError) as refused:
        read_users(path)
    return str(refused.value)


def test_the_users_of_a_file_are_those_of_its_lines(file):
    """Comments and blank lines are left alone, and blanks around a line."""
    path = file(
        "# who may ask", "", entry("alice", "a"), "  ", "  # more", f" {entry('bob', 'b')} "
    )

    assert ["alice", "bob"] == list(read_users(path))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_may_end_as_on_any_system(file, end):
    """The last one need not end at all."""
    path = file(entry("alice", "a"), entry("bob", "b"), end=end)
    with path.open("a") as users:
        users.write(entry("eve", "e"))

    assert ["alice", "bob", "eve"] == list(read_users(path))


def test_a_file_may_begin_with_the_mark_that_windows_writes(file):
    """It is no part of the first name."""
    assert ["alice"] == list(read_users(file("\ufeff" + ALICE)))


@pytest.mark.parametrize("prefix", [b"2a", b"2b", b"2x", b"2y"])
def test_all_marks_of_bcrypt_are_read_and_checked(file, prefix):
    """Programs write different ones; htpasswd writes $2y$."""
    users = Users(file(entry("alice", "secret", prefix=prefix)))

    assert users.check(header("alice", "secret"))
    assert not users.check(header("alice", "Secret"))


def test_a_line_of_htpasswd_is_read_and_checked(file):
    """Byte by byte as it wrote it."""
    users = Users(file(ALICE))

    assert users.check(header("alice", "s3cret"))
    assert not users.check(header("alice", "s3cret "))


HASH = ALICE.partition(":")[2]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("alice", "is no USER:HASH with a bcrypt hash"),
        ("alice:", "is no USER:HASH with a bcrypt hash"),
        (f":{HASH}", "is no USER:HASH with a bcrypt hash"),
        (f"alice:x:{HASH}", "is no USER:HASH with a bcrypt hash"),
        (f"alice: {HASH}", "is no USER:HASH with a bcrypt hash"),
        (f"alice {HASH}", "is no USER:HASH with a bcrypt hash"),
        ("alice:secret", "is no USER:HASH with a bcrypt hash"),
        ("alice:$apr1$zkbsG8Yl$Zm3r4bD1LrN6bG7Zq4y9S0", "is no USER:HASH with a bcrypt hash"),
        ("alice:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "is no USER:HASH with a bcrypt hash"),
        (f"alice:{HASH[:-1]}", "is no USER:HASH with a bcrypt hash"),
        (f"alice:{HASH}a", "is no USER:HASH with a bcrypt hash"),
        (f"alice:{HASH[:-1]}!", "is no USER:HASH with a bcrypt hash"),
        (f"alice:{HASH.replace('$2y$', '$2z$')}", "is no USER:HASH with a bcrypt hash"),
        (f"alice:{HASH.replace('$04$', '$03$')}", "is no USER:HASH with a bcrypt hash"),
        (f"alice:{HASH.replace('$04$', '$18$')}", "is no USER:HASH with a bcrypt hash"),
        (f"alice:{HASH.replace('$04$', '$99$')}", "is no USER:HASH with a bcrypt hash"),
        (f"alice:{HASH[:28]}9{HASH[29:]}", "is no USER:HASH with a bcrypt hash"),
        (f"bob:{HASH}", "names a user twice"),
    ],
)
def test_a_line_that_can_not_be_used_is_named(file, line, why):
    """With its number; a hash that bcrypt would refuse is found when the file is read."""
    path = file("# users", f"bob:{HASH}", "", line, f"eve:{HASH}")

    assert f"{path}:4: {why}; write lines as htpasswd -B does" == refusal(path)


@pytest.mark.parametrize("lines", [(), ("# nobody", "", " ")])
def test_a_file_without_users_is_refused(file, lines):
    """It would lock everybody out; the message says how to add one."""
    path = file(*lines)

    expected = f"[web] users file {path}: has no user; add one: htpasswd -B {path} USER"
    assert expected == refusal(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    """With the reason."""
    path = tmp_path / "missing"

    expected = f"[web] users file {path}: can't be read: No such file or directory"
    assert expected == refusal(path)


def test_a_folder_is_no_file_of_users(tmp_path):
    """With the reason."""
    expected = f"[web] users file {tmp_path}: can't be read: Is a directory"

    assert expected == refusal(tmp_path)


def test_a_file_that_is_no_text_is_refused(file):
    """A name in another encoding would never match."""
    path = file("j\udcf6rg:" + HASH)

    assert f"[web] users file {path}: can't be read: it is not UTF-8 text" == refusal(path)


def test_a_file_that_is_too_large_is_refused(file):
    """Not cut: who stands at its end would be locked out."""
    path = file("#" * 1023 + "\n" + "x" * 1024 * 1024)

    assert f"[web] users file {path}: is larger than 1 MiB; is it another file?" == refusal(path)


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
def test_any_file_can_be_used_or_says_why_not(tmp_path, content):
    """Whatever is in it; what can be used doesn't make bcrypt raise an error either."""
    path = tmp_path / "users"
    path.write_bytes(content)
    try:
        found = read_users(path)
    except UsageError:
        return

    assert {False} == {bcrypt.checkpw(b"wrong", hashed) for hashed in found.values()}


_HASHES = st.from_regex(r"\$2[abxy]\$0[0-9]\$[./A-Za-z0-9]{53}", fullmatch=True)


@given(_HASHES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_bcrypt_takes_every_hash_that_is_accepted(tmp_path, hashed):
    """An error in the thread that checks passwords would lock everybody out."""
    path = tmp_path / "users"
    path.write_text(f"alice:{hashed}\n")
    try:
        (found,) = read_users(path).values()
    except UsageError:
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
    """The first time, and when the verdict is known."""
    users = Users(file(entry("alice", "secret"), entry("bob", "other")))
    named = header(user, password)

    verdicts = [users.known(named), users.check(named), users.known(named), users.check(named)]

    assert [None, expected, expected, expected] == verdicts


@pytest.mark.parametrize(
    "password", ["a:b", ":", "pässwörd", "密码🔑", " blanks ", "x" * 71, "y" * 72, ""]
)
def test_a_password_may_have_any_characters(file, password):
    """In UTF-8, as the answer 401 says that they are wanted."""
    users = Users(file(entry("jörg müller", password)))

    assert users.check(header("jörg müller", password))
    assert not users.check(header("jörg müller", f"{password[:71]}!"))


def test_a_long_password_is_cut_as_bcrypt_cuts_it(file):
    """htpasswd looks at 72 bytes, and so must who checks; newer versions of bcrypt refuse more."""
    password = "ä" * 50
    users = Users(file(entry("alice", password)))

    assert users.check(header("alice", password))
    assert users.check(header("alice", "ä" * 36 + "whatever"))
    assert not users.check(header("alice", "ä" * 35 + "öä"))


@pytest.mark.parametrize("password", ["secret\0", "\0secret", "sec\0ret", "secret\0more", "\0"])
def test_a_password_with_a_nul_is_wrong(file, password):
    """It is no other way to write one without."""
    users = Users(file(entry("alice", "secret"), entry("bob", "")))

    assert [False, False] == [users.check(header(user, password)) for user in ("alice", "bob")]


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC", "bAsIc", "Basic  "])
def test_the_scheme_is_read_in_any_case(file, scheme):
    """As HTTP has it."""
    assert Users(file(ALICE)).check(header("alice", "s3cret", scheme))


@pytest.mark.parametrize(
    "named",
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
def test_what_is_no_basic_authorization_is_wrong(file, named):
    """It costs as much to check."""
    users = Users(file(ALICE))

    assert users.check(named) is False


@given(
    st.one_of(
        st.text(max_size=60),
        st.binary(max_size=60).map(lambda some: "Basic " + base64.b64encode(some).decode()),
    )
)
def test_any_header_has_a_verdict(some):
    """Whatever it says, and also in characters that no header can have."""
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
def test_no_header_makes_the_check_fail(checking, some):
    """An error in the thread that checks passwords would lock everybody out."""
    assert checking.check(some) is checking.known(some) is False


@pytest.fixture(scope="module")
def checking(tmp_path_factory):
    """Users with real hashes."""
    path = tmp_path_factory.mktemp("users") / "users"
    path.write_text(ALICE)
    return Users(path)


class Door:
    """Users with a fake bcrypt, and a clock."""

    def __init__(self, file, *names, right=b"right"):
        self.file = file
        self.bcrypt = Bcrypt(right)
        self.clock = Clock()
        self.users = Users(self.write(*names), self.bcrypt, self.clock)

    def write(self, *names):
        return self.file(*(f"{name}:{HASH}" for name in names))


@pytest.fixture
def door(file):
    """Two users, alice and bob."""
    return Door(file, "alice", "bob")


@pytest.mark.parametrize(("password", "expected"), [("right", True), ("wrong", False)])
def test_bcrypt_is_asked_once_for_a_password(door, password, expected):
    """A scraper sends the same header for months."""
    verdicts = {door.users.check(header("alice", password)) for _ in range(100)}

    assert {expected} == verdicts
    assert 1 == len(door.bcrypt.asked)


def test_a_verdict_is_of_one_user_and_one_password(door):
    """What is right for one says nothing of another."""
    door.users.check(header("alice", "right"))

    assert [True, None, None, None] == [
        door.users.known(header(*named))
        for named in (("alice", "right"), ("bob", "right"), ("alice", "righ"), ("alic", "eright"))
    ]


def test_bcrypt_is_asked_for_unknown_users_too(door):
    """Else the time that an answer takes would tell who is known."""
    door.users.check(header("alice", "guess"))
    door.users.check(header("nobody", "guess"))
    door.users.check("nonsense")

    costs = [hashed[4:6] for _, hashed in door.bcrypt.asked]
    assert [HASH[4:6].encode()] * 3 == costs


def test_an_unknown_user_takes_as_long_as_the_most_costly_one(file):
    """htpasswd writes a cost of 5 unless it is told otherwise."""
    asked = Bcrypt()
    costly = HASH.replace("$04$", "$11$")
    users = Users(file(f"alice:{HASH}", f"bob:{costly}"), asked)

    users.check(header("eve", "guess"))

    (_, hashed) = asked.asked[0]
    assert hashed.startswith(b"$2b$11$")
    assert bcrypt.checkpw(b"guess", hashed.replace(b"$11$", b"$04$")) is False


def test_the_right_password_of_nobody_is_not_right(file):
    """Should somebody find what the hash of nobody is made of."""
    users = Users(file(ALICE), lambda *_: True)

    assert users.check(header("nobody", "x")) is False


def test_verdicts_are_forgotten_when_the_file_changes(door):
    """Right ones and wrong ones."""
    for password in ("right", "wrong"):
        door.users.check(header("alice", password))
    door.write("alice")
    door.clock.now_s += 1

    assert [None, None] == [
        door.users.known(header("alice", password)) for password in ("right", "wrong")
    ]


def test_a_changed_password_is_honoured(file):
    """The old one is wrong from then on, without a restart; so is a user who was removed."""
    clock = Clock()
    users = Users(file(entry("alice", "old"), entry("bob", "b")), clock=clock)
    assert users.check(header("alice", "old"))
    assert users.check(header("bob", "b"))
    file(entry("alice", "new"))
    clock.now_s += 1

    assert users.check(header("alice", "new"))
    assert [False, False] == [
        users.check(header("alice", "old")),
        users.check(header("bob", "b")),
    ]


def test_a_check_that_a_change_overtakes_leaves_no_verdict(file):
    """bcrypt takes a while; meanwhile the loop reads the new file, which has another password."""
    clock = Clock()

    def check_slowly(password, _):
        file(entry("alice", "new"))
        clock.now_s += 1
        users.known(header("somebody", "else"))
        return password == b"old"

    users = Users(file(entry("alice", "old")), check_slowly, clock)

    assert users.check(header("alice", "old")) is True
    assert users.known(header("alice", "old")) is None


def test_a_broken_file_locks_nobody_out(door, file, caplog):
    """What was read before goes on to be used, and the verdicts are kept."""
    door.users.check(header("alice", "right"))
    path = file("nonsense")
    door.clock.now_s += 1

    assert door.users.known(header("alice", "right")) is True
    assert f"{path}:1: is no USER:HASH" in caplog.text


def test_wrong_passwords_do_not_fill_the_memory_nor_push_out_right_ones(door):
    """Whoever guesses for years."""
    door.users.check(header("alice", "right"))
    for number in range(2500):
        door.users.check(header("alice", f"guess {number}"))

    known = door.users._known.value()
    assert 1000 >= len(known.wrong)
    assert door.users.known(header("alice", "right")) is True
    assert door.users.known(header("alice", "guess 2499")) is False


def test_who_writes_the_right_password_in_many_ways_fills_no_memory(file):
    """Other letters of the scheme, more blanks, and what is behind the 72 bytes of bcrypt."""
    long = "x" * 72
    door = Door(file, "alice", right=long.encode())
    for number in range(50):
        scheme = "".join(
            letter.upper() if number >> at & 1 else letter for at, letter in enumerate("basic")
        )
        door.users.check(header("alice", f"{long}{number}", scheme + " " * number))

    assert 1 == len(door.users._known.value().right)
    assert 1 == len(door.bcrypt.asked)


def test_no_password_stays_in_memory(file):
    """Nor the header, which is as good; only keyed hashes of them do, other ones in each run."""
    password = "correct horse battery staple"  # noqa: S105
    named = header("alice", password)
    secrets = (password, password.encode(), named, named.partition(" ")[2])
    users = Users(file(f"alice:{HASH}"), lambda *_: True)
    again = Users(file(f"alice:{HASH}"), lambda *_: True)
    assert users.check(named)
    assert again.check(named)

    def held(root):
        seen, found, todo = set(), [], [root]
        while todo:
            one = todo.pop()
            if id(one) in seen or isinstance(one, type | type(sys) | type(held)):
                continue
            seen.add(id(one))
            found.append(one)
            todo += gc.get_referents(one)
        return found

    kept = [one for one in held(users) if isinstance(one, str | bytes)]
    assert [] == [one for one in kept if one in secrets]
    assert 32 == len(next(iter(users._known.value().right)))
    assert users._known.value().right.isdisjoint(again._known.value().right)


def test_without_bcrypt_the_message_says_what_to_install(file, monkeypatch):
    """It is an extra, which a node without users does not need."""
    monkeypatch.setitem(sys.modules, "bcrypt", None)

    with pytest.raises(UsageError) as refused:
        Users(file(ALICE))

    expected = (
        "[web] users file: passwords are checked by bcrypt, which is not installed; "
        "pip install 'FrUCToSA[users]'"
    )
    assert expected == str(refused.value)
