"""Authentication and TLS of an agent, and that no request makes it do anything but read."""

import os
import pwd
import re
import socket
import ssl
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import bcrypt
import pytest
import requests

from fructosa_exporter.collect.sensor_reader import HAS_FAILED, NEEDS_RIGHTS, WORKS_AGAIN
from fructosa_exporter.sensors.textfile import TextFile
from fructosa_exporter.web.status_page import WITH_FAILING
from fructosa_service.errors import CAN_NOT_BE_READ
from fructosa_service.file_cache import RELOADED
from fructosa_service.web.tls import ENCRYPTED, LACKS
from fructosa_service.web.users import NOT_A_USER
from tests.services import program

from ..certificates import Authority, encrypted_copy
from .processes import BIN, SERVED_ON, Program, free_port, wait_until

PASSWORD = "s3cret: pässword"  # noqa: S105 - of a test


def entry(user, password):
    """Return a line of a users file, with the lowest bcrypt cost."""
    return f"{user}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()}\n"


def rewrite(path, text):
    """Replace a file as an editor does, by a rename."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


class Served(Program):
    """`lagent serve` with a configuration on a free port; *before* is a command that runs it."""

    def __init__(self, folder, config, *before, lagent=(BIN / "lagent",)):
        path = folder / "lagent.conf"
        path.write_text(config)
        super().__init__(
            folder / "lagent.log", *before, *lagent, "serve", "--port", "0", "-c", path
        )
        self.url = self.wait_for_output(SERVED_ON)[1]
        self.address = re.search(r"//(.*)/metrics", self.url)[1]
        self.wait_for_output("only this machine can connect")


class Secured:
    """An agent with TLS and users, with all its files."""

    def __init__(self, folder, client_ca=False):
        self.ca = Authority(folder)
        self.pair = self.ca.server()
        self.users = folder / "users"
        rewrite(self.users, entry("prometheus", PASSWORD) + entry("other", "else"))
        keys = f"tls certificate = {self.pair.certificate}\ntls key = {self.pair.key}\n"
        if client_ca:
            keys += f"client ca = {self.ca.certificate}\n"
        self.agent = Served(
            folder,
            f"[web]\n{keys}users file = {self.users}\n[sensor:BootTime]\n[sensor:CPUCount]\n",
        )

    def status(self, user="prometheus", password=PASSWORD, by=requests, **how):
        """Request the page, over a new connection unless *by* is a session; return the status."""
        named = None if user is None else (user.encode(), password.encode())
        verify = str(self.ca.certificate)
        return by.get(self.agent.url, auth=named, verify=verify, timeout=10, **how).status_code

    def serial(self):
        """Return the serial number of the certificate on a new connection."""
        host, _, port = self.agent.address.rpartition(":")
        with (
            closing(socket.create_connection((host, int(port)), timeout=10)) as bare,
            self.ca.client_context().wrap_socket(bare, server_hostname=host) as client,
        ):
            return client.getpeercert()["serialNumber"]


@pytest.fixture
def secured(tmp_path):
    """An agent with TLS and users."""
    made = Secured(tmp_path)
    yield made
    made.agent.end()


@pytest.fixture
def mutual(tmp_path):
    """An agent with TLS and users that also requires client certificates."""
    made = Secured(tmp_path, client_ca=True)
    yield made
    made.agent.end()


@pytest.fixture
def scraping(tmp_path):
    """A function that starts a Prometheus with jobs, and returns a query function."""
    path = program("prometheus", "prometheus")
    started = []

    def start(place, **jobs):
        port = free_port()
        config = tmp_path / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\nscrape_configs:\n"
            + "".join(
                f"- job_name: {name}\n  scheme: https\n"
                f"  static_configs: [{{targets: ['{place}']}}]\n  {job}\n"
                for name, job in jobs.items()
            )
        )
        running = Program(
            tmp_path / "prometheus.log",
            path,
            f"--config.file={config}",
            f"--storage.tsdb.path={tmp_path}/prometheus",
            f"--web.listen-address=127.0.0.1:{port}",
        )
        started.append(running)

        def query(promql="up"):
            """Return the values of an instant query by job; {} before Prometheus is ready."""
            try:
                response = requests.get(
                    f"http://127.0.0.1:{port}/api/v1/query", params={"query": promql}, timeout=10
                )
                response.raise_for_status()
            except (requests.ConnectionError, requests.HTTPError):
                return {}
            result = response.json()["data"]["result"]
            return {one["metric"]["job"]: float(one["value"][1]) for one in result}

        running.wait(lambda: query().keys() == jobs.keys())
        return query

    yield start
    for running in started:
        running.end()


def by_password(path):
    """Return the part of a job with a user and a password file."""
    return f"basic_auth: {{username: prometheus, password_file: {path}}}"


def test_prometheus_scrapes_over_tls_with_a_password(secured, scraping, tmp_path):
    """It fails with a wrong password, without one, or if it does not trust the certificate."""
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text(PASSWORD)
    wrong.write_text("wrong")
    trust = f"tls_config: {{ca_file: {secured.ca.certificate}}}"
    query = scraping(
        secured.agent.address,
        right=f"{trust}\n  {by_password(right)}",
        wrong=f"{trust}\n  {by_password(wrong)}",
        no_password=trust,
        no_trust=by_password(right),
    )

    expected = {"right": 1.0, "wrong": 0.0, "no_password": 0.0, "no_trust": 0.0}
    wait_until(lambda: expected == query(), query)
    assert {"right"} == query("fructosa_boot_time_seconds").keys()
    assert [200, 401, 401] == [
        secured.status(),
        secured.status("prometheus", "wrong"),
        secured.status(None),
    ]


def test_prometheus_continues_after_changes_of_password_and_certificate(
    secured, scraping, tmp_path
):
    """Neither program is restarted."""
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    query = scraping(
        secured.agent.address,
        job=f"tls_config: {{ca_file: {secured.ca.certificate}}}\n  {by_password(password)}",
    )
    wait_until(lambda: query() == {"job": 1.0}, query)

    rewrite(secured.users, entry("prometheus", "another one"))
    wait_until(lambda: query() == {"job": 0.0}, query)
    rewrite(password, "another one")
    wait_until(lambda: query() == {"job": 1.0}, query)
    before = secured.serial()
    secured.pair.replace_with(secured.ca.server("new"))
    wait_until(lambda: secured.serial() != before, secured.agent.text)
    scrapes = query("count_over_time(up[1h])")["job"]
    wait_until(lambda: query("count_over_time(up[1h])")["job"] > scrapes + 2, query)

    wait_until(lambda: query() == {"job": 1.0}, query)


def test_a_changed_password_takes_effect(secured):
    """The old one is rejected, also on an open connection; the log reports the reload."""
    with requests.Session() as kept:
        assert secured.status(by=kept) == 200
        rewrite(secured.users, entry("prometheus", "new"))

        wait_until(lambda: secured.status("prometheus", "new") == 200, secured.agent.text)

        assert secured.status(by=kept) == 401
    assert [401, 401] == [secured.status(), secured.status("other", "else")]
    assert f"{RELOADED % secured.users}\n" in secured.agent.text()


def test_a_broken_users_file_does_not_lock_out_users(secured):
    """The log reports the error once."""
    message = f"{secured.users}:1: {NOT_A_USER}"
    rewrite(secured.users, "prometheus:plain text\n")

    log = secured.agent.text
    wait_until(lambda: secured.status() == 200 and message in log(), log)

    assert {200} == {secured.status() for _ in range(5)}
    assert 1 == log().count(message)


def test_with_a_client_ca_clients_need_a_certificate(mutual, scraping, tmp_path):
    """They also need the password."""
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    client = mutual.ca.client("prometheus")
    other = Authority(tmp_path, "other").client()
    tls_configs = {
        name: f"tls_config: {{ca_file: {mutual.ca.certificate}, cert_file: {pair.certificate}, "
        f"key_file: {pair.key}}}\n  "
        for name, pair in {"right": client, "other_ca": other}.items()
    }
    query = scraping(
        mutual.agent.address,
        right=tls_configs["right"] + by_password(password),
        other_ca=tls_configs["other_ca"] + by_password(password),
        without=f"tls_config: {{ca_file: {mutual.ca.certificate}}}\n  {by_password(password)}",
        no_password=tls_configs["right"],
    )

    expected = {"right": 1.0, "other_ca": 0.0, "without": 0.0, "no_password": 0.0}
    wait_until(lambda: expected == query(), query)
    assert 401 == mutual.status(None, cert=(str(client.certificate), str(client.key)))


def test_an_agent_with_tls_does_not_respond_to_plain_http(secured):
    """It closes the connection without a response."""
    with pytest.raises(requests.ConnectionError):
        requests.get(secured.agent.url.replace("https", "http"), timeout=10)

    assert secured.status() == 200


@pytest.fixture
def lagent(tmp_path):
    """A function that runs lagent; it returns the exit code and the output."""

    def run(*arguments):
        with Program(tmp_path / "said", BIN / "lagent", *arguments) as running:
            code = running.process.wait(30)
        return code, running.text()

    return run


@pytest.mark.parametrize("command", ["check", "serve"])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("tls certificate", f"[web] tls certificate {{wrong}}: {LACKS.format(what='certificate')}"),
        ("tls key", f"[web] tls key {{wrong}}: {LACKS.format(what='private key')}"),
        ("client ca", f"[web] client ca {{wrong}}: {LACKS.format(what='certificate')}"),
        ("users file", f"{{wrong}}:1: {NOT_A_USER}"),
    ],
)
def test_a_broken_file_is_reported_before_anything_is_served(
    lagent, tmp_path, command, wrong, message
):
    """The message is one line, and the exit code 2."""
    ca = Authority(tmp_path)
    pair = ca.server()
    (tmp_path / "good").write_text(entry("alice", "a"))
    bad = tmp_path / "bad"
    bad.write_text("nonsense\n")
    given = {
        "tls certificate": pair.certificate,
        "tls key": pair.key,
        "client ca": ca.certificate,
        "users file": tmp_path / "good",
    } | {wrong: bad}
    config = tmp_path / "lagent.conf"
    config.write_text("[web]\n" + "".join(f"{key} = {path}\n" for key, path in given.items()))

    code, output = lagent(command, "-c", config)

    assert 2 == code
    assert output.startswith(f"lagent: {message.format(wrong=bad)}")
    assert 1 == output.count("\n")


def test_check_accepts_valid_files(lagent, tmp_path):
    """It reads them as serve does; a key with a password is an error, without a prompt."""
    pair = Authority(tmp_path).server()
    config = tmp_path / "lagent.conf"
    text = f"[web]\ntls certificate = {pair.certificate}\ntls key = "

    config.write_text(f"{text}{pair.key}\n")
    good, _ = lagent("check", "-c", config)
    config.write_text(f"{text}{encrypted_copy(pair.key)}\n")
    bad, output = lagent("check", "-c", config)

    assert [0, 2] == [good, bad]
    assert ENCRYPTED in output


# Only root may be able to read Python's own files. So first run everything once as root, which
# imports all modules.
AS_NOBODY = """
import contextlib, io, os, ssl, sys
from fructosa_exporter import cli
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    for command in ("check", "read"):
        cli.main([command, "-c", sys.argv[-1]])
os.setgroups([])
os.setresgid({gid}, {gid}, {gid})
os.setresuid({uid}, {uid}, {uid})
sys.exit(cli.main())
"""


@pytest.fixture
def open_folder():
    """A folder that all users can read."""
    with tempfile.TemporaryDirectory(prefix="lagent-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def nobody():
    """A command that runs lagent as an ordinary user."""
    if os.getuid() != 0:
        pytest.skip("only root can switch to another user")
    user = pwd.getpwnam("nobody")
    code = AS_NOBODY.format(uid=user.pw_uid, gid=user.pw_gid)
    return sys.executable, "-c", code


@pytest.fixture
def private(open_folder):
    """A folder of metrics that only root can read."""
    made = open_folder / "private"
    made.mkdir(mode=0o700)
    (made / "jobs.prom").write_text("jobs 1\n")
    return made


def test_a_missing_permission_of_a_sensor_is_reported(nobody, private, open_folder):
    """On the metrics page, on the HTML page and in the log; all other sensors work."""
    config = f"[sensor:TextFile]\nfolder = {private}\n" + "".join(
        f"[sensor:{name}]\n" for name in ("BootTime", "VirtualMemory", "DiskUsage", "CPUTimes")
    )
    with Served(open_folder, config, lagent=nobody) as agent:
        owner = Path(f"/proc/{agent.process.pid}").stat().st_uid
        page = requests.get(agent.url, timeout=10).text
        html = requests.get(agent.url.removesuffix("metrics"), timeout=10).text
        log = agent.text()

    successes = dict(re.findall(r'^fructosa_sensor_success\{sensor="(.*)"\} (.)', page, re.M))
    expected = dict.fromkeys(("BootTime", "VirtualMemory", "DiskUsage", "CPUTimes"), "1")
    reason = PermissionError(13, "Permission denied", str(private))
    message = NEEDS_RIGHTS.format(reason=reason, rights=TextFile.rights)
    assert owner == pwd.getpwnam("nobody").pw_uid
    assert expected | {"TextFile": "0"} == {
        name: success for name, success in successes.items() if name in (*expected, "TextFile")
    }
    assert HAS_FAILED % ("TextFile", message) + "\n" in log
    assert message.replace("'", "&#39;") in html
    assert WITH_FAILING.format(count=len(expected) + 2, failed=1) in html


def test_an_ordinary_user_can_read_all_default_sensors(nobody, open_folder):
    """Sensors that only root can read are not among them."""
    with Served(open_folder, "", lagent=nobody) as agent:
        page = requests.get(agent.url, timeout=10).text
        log = agent.text()

    failed = re.findall(r'^fructosa_sensor_success\{sensor="(.*)"\} 0', page, re.M)
    assert [] == failed
    assert "ERROR" not in log


def test_a_granted_permission_takes_effect(nobody, private, open_folder):
    """This needs no restart, and is logged."""
    config = f"[sensor:TextFile]\nfolder = {private}\ntime_interval = 0\n"
    with Served(open_folder, config, lagent=nobody) as agent:
        before = requests.get(agent.url, timeout=10).text
        private.chmod(0o755)
        after = requests.get(agent.url, timeout=10).text
        log = agent.text()

    assert "\njobs 1" not in before
    assert "\njobs 1\n" in after
    assert WORKS_AGAIN % "TextFile" + "\n" in log


def test_a_file_that_the_agent_cannot_read_is_reported(nobody, open_folder):
    """Most often this is a key that only root can read."""
    pair = Authority(open_folder).server()
    pair.key.chmod(0o600)
    config = open_folder / "lagent.conf"
    config.write_text(f"[web]\ntls certificate = {pair.certificate}\ntls key = {pair.key}\n")

    with Program(open_folder / "said", *nobody, "check", "-c", config) as running:
        code = running.process.wait(30)

    assert 2 == code
    reason = CAN_NOT_BE_READ.format(reason="Permission denied")
    expected = f"lagent: [web] tls key {pair.key}: {reason}\n"
    assert running.text().startswith(expected)


def test_the_description_of_a_sensor_has_its_required_permissions(lagent):
    """So users know before they try."""
    code, output = lagent("sensors", "TextFile")

    assert 0 == code
    assert re.search(rf"\nRights: +{TextFile.rights}\n", output)


# System calls that change something outside of the agent, or communicate.
CALLS = (
    "open,openat,openat2,creat,execve,execveat,fork,vfork,unlink,unlinkat,rename,renameat,"
    "renameat2,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,truncate,ftruncate,chmod,"
    "fchmod,fchmodat,chown,fchownat,mknod,mknodat,mount,socket,socketpair,connect,bind,kill"
)
WRITES = re.compile(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)")
ODD = [
    b"/../../../../etc/passwd",
    b"/metrics/../../etc/passwd",
    b"/%2e%2e/%2e%2e/etc/passwd",
    b"/..%2f..%2fetc%2fpasswd",
    b"/..%5c..%5cetc%5cpasswd",
    b"/metrics%00.html",
    b"/%00",
    b"file:///etc/passwd",
    b"file:/etc/passwd",
    b"http://127.0.0.1:1/metrics",
    b"http://127.0.0.1:1/etc/passwd",
    b"//127.0.0.1:1/metrics",
    b"/etc/passwd",
    b"/proc/self/environ",
    b"/metrics?collect[]=../../etc/passwd",
    b"/metrics?collect[]=/etc/passwd",
    b"/metrics?collect[]=os.system",
    b"/metrics?collect[]=__import__",
    b"/metrics?exclude[]=../BootTime",
    b"/metrics?collect[]=BootTime&folder=/etc&path=/etc&procfs=/tmp",
    b"/metrics?collect[]=BootTime%0d%0aX: y",
    b"/metrics?" + b"a" * 8000,
    b"/metrics?" + b"a=b&" * 90,
    b"/$(id)",
    b"/`id`",
    b"/;id",
    b"/|id",
    b"/{0.__class__}",
    b"/%s%s%n",
    b"/?debug=1",
    b"/debug/pprof/",
    b"/-/reload",
    b"/-/quit",
    b"*",
    b"node001:80",
]
METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"TRACE", b"PROPFIND"]


def test_no_request_makes_the_agent_write_or_execute_or_connect(tmp_path):
    """During unusual requests, all its system calls only read."""
    strace = program("strace", "strace")
    trace = tmp_path / "trace"
    users = tmp_path / "users"
    users.write_text(entry("alice", "a"))
    # Some calls do not exist on all architectures; with a question mark, strace ignores that.
    calls = ",".join(f"?{call}" for call in CALLS.split(","))
    before = (strace, "-D", "-f", "-ttt", "-o", trace, "-e", f"trace={calls}", "-e", "signal=none")
    config = "[sensor:BootTime]\n[sensor:CPUCount]\ntime_interval = 0\n"
    pair = Authority(tmp_path).server()
    tls = f"[web]\ntls certificate = {pair.certificate}\ntls key = {pair.key}\n"
    with Served(tmp_path, f"{config}{tls}users file = {users}\n", *before) as agent:
        began_s = time.time()
        responses = [request(agent, pair, method, address) for method in METHODS for address in ODD]
        responses.append(request(agent, pair, b"GET", b"/metrics"))
        ended_s = time.time()
    wait_until(lambda: re.search(r"\+\+\+ (exited|killed)", trace.read_text()), trace.read_text)

    done = [line for line in trace.read_text().splitlines() if began_s < time_of(line) < ended_s]
    opened = [line for line in done if re.search(r" open(at2?)?\(", line)]
    assert 200 < len(responses)
    assert b" 200 " in responses[-1]
    assert [] == [one for one in responses if b"root:" in one or b" 50" in one[:12]]
    assert any("/proc/" in line for line in opened)  # otherwise strace has recorded nothing
    assert [] == [line for line in done if line not in opened]
    assert [] == [line for line in opened if WRITES.search(line)]
    assert [] == [line for line in opened if not re.search(r'"/(proc|sys)/', line)]


def time_of(line):
    """Return the time of a line of strace's output."""
    return float(line.split()[1])


def request(agent, pair, method, address):
    """Send a request with the password of a user; return the response."""
    host, _, port = agent.address.rpartition(":")
    context = ssl.create_default_context(cafile=pair.certificate)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        closing(socket.create_connection((host, int(port)), timeout=30)) as bare,
        context.wrap_socket(bare) as client,
    ):
        client.sendall(
            b"%b %b HTTP/1.1\r\nHost: n\r\nAuthorization: Basic YWxpY2U6YQ==\r\n"
            b"Connection: close\r\n\r\n" % (method, address)
        )
        return b"".join(iter(lambda: client.recv(2**16), b""))
