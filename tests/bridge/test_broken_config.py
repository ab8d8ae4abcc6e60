"""What lmaster says of configuration files that can't be used: one right line for each mistake."""

import os
import re
from pathlib import Path

import pytest

from fructosa_bridge import cli
from fructosa_bridge.config.node_sets import INVALID
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.settings import (
    SAME_PATHS,
    GraphiteSettings,
    MasterSettings,
    read_config,
)
from fructosa_service.config.settings import options_of
from fructosa_service.logs import LoggingSettings

NODES = "[nodes:a]\nhosts = n1\n"
HOSTS = "[nodes:a]\nhosts = "
GARBAGE = bytes(range(48, 91)).decode() * 200
ABOVE = "stands before the first section; write [name] above"
NO_HEADER = "is no section header; write [name]"
NO_SETTING = "is no setting; write key = value"
NO_KEY = "is no key of this section"
NO_SECTION = "is no section of this file"
LABEL = "is not how this section is written; write [nodes:NAME]"
NO_PREFIX = (
    "is not a valid prefix; write short names of letters, digits, _ and -, separated by dots"
)
NO_PATH = "is not an absolute path; write it from the root, e.g. /var/lib/fructosa"
NO_PAGE = "is not a valid URL path; start with a slash, e.g. /metrics"
NO_HOST = "is not a host; write a name or an address, e.g. localhost"
NO_PORT = "is not a port number; write e.g. 9888"
NO_SECONDS = "is not a whole number of seconds; write e.g. 10"
NO_TIMEOUT = "is not a number of seconds; write e.g. 5"
OUT = "is out of range"
NO_SET = f"{INVALID} (…); write e.g. node[001-128]"
OF_NODES = (
    "it may have hosts, port, interval, timeout, connect timeout, page limit, compression, path, "
    "sensors, alignment, metrics keep, metrics drop, label limit, label length limit, prefix, tls, "
    "tls ca, tls certificate, tls key, tls server name, user, password file, token file"
)
OF_LMASTER = (
    "it may have host, port, data directory, shard, queue bytes, queue age, queue points, "
    "replay rate, sample limit, pid file, user, group"
)
NO_GROUPS = (
    "contains a group, but this machine has no groups; define them in "
    "/etc/clustershell/groups.conf, or write the nodes, e.g. node[001-128]"
)
SAME = SAME_PATHS
NO_SELECTOR = "is not a valid metric pattern; write e.g. node_cpu_*, separate several with commas"
TWO_SPELLINGS = "stands twice, in two spellings; keep one of the two sections"
STANDS_TWICE = "stands twice; keep one of the two sections"
INTERVAL = "is out of range; write from 1 to 86400 seconds"
TIMEOUT = "is out of range; write from 0.05 to 3600 seconds"
NO_PROTOCOL = "is none of pickle, plaintext"
NEITHER = "is neither yes nor no; write yes or no"
UTF = "save the file as UTF-8"
NONE = "contains 0 nodes; write 1 to 100000"
TWICE = "is set twice in this section; keep one of the two lines"
SECTIONS = "it may have [lmaster], [nodes:…], [Graphite], [agents], [web], [logging]"
LONGER = "lower the timeout or lengthen the interval"
NO_VALUE = "is no value; write one line of text behind the '='"
NO_HOME = "is in no user's home; write the path from the root"
NO_LEVEL = "is none of DEBUG, INFO, WARNING, ERROR, CRITICAL"
NO_SENSOR = "is not the name of one sensor; separate several with commas"
SEVERAL = """\
[lmaster]
port = x
[node:a]
[nodes]
[nodes:b]
interval = 0
sensor = CPUPercent
[Graphite]
protocol = picle
"""

# The typical file of 0.x, as its introduction showed it.
OLD = """\
[lmaster]
host = localhost
incoming data port = 7888

[Graphite]
host = localhost
carbon receiver pickle port = 2004

[logging]
filename = /tmp/lmaster.log
maxBytes = 1073741824
backupCount = 10
level = DEBUG
"""

# Each: what it is, the file, and what is said of it, from the line number on.
BROKEN = [
    # Sections.
    ("section misspelt", "[lmastr]", f":1: [lmastr]: {NO_SECTION}; did you mean lmaster?"),
    ("section of lagent.conf", "[sensor:Users]", f":1: [sensor:Users]: {NO_SECTION}; {SECTIONS}"),
    (
        "section in another spelling",
        "[graphit]",
        f":1: [graphit]: {NO_SECTION}; did you mean Graphite?",
    ),
    ("a default section", "[DEFAULT]\nport = 1", f":1: [DEFAULT]: {NO_SECTION}; {SECTIONS}"),
    ("nodes without a label", "[nodes]\nhosts = n1", f":1: [nodes]: {LABEL}"),
    ("nodes with an empty label", "[nodes:]\nhosts = n1", f":1: [nodes:]: {LABEL}"),
    (
        "node instead of nodes",
        "[node:a]\nhosts = n1",
        f":1: [node:a]: {NO_SECTION}; did you mean nodes?",
    ),
    (
        "an empty label",
        "[Graphite:]",
        ":1: [Graphite:]: is not how this section is written; write [Graphite] or [Graphite:NAME]",
    ),
    (
        "a label too many",
        "[logging:a]",
        ":1: [logging:a]: is not how this section is written; write [logging]",
    ),
    ("a destination twice", "[Graphite:a]\n[Graphite:a]", f":2: [Graphite:a] {STANDS_TWICE}"),
    (
        "destinations with two prefixes",
        "[Graphite:a]\nprefix = a\n[Graphite:b]\nhost = g\nprefix = b",
        f": [Graphite:b] prefix: is b, but in [Graphite:a] it is a; {SAME}",
    ),
    (
        "destinations of which one has a prefix",
        "[Graphite]\nprefix = a\n[Graphite:b]\nhost = g",
        f": [Graphite:b] prefix: is not set, but in [Graphite] it is a; {SAME}",
    ),
    (
        "destinations that call series differently",
        "[Graphite:a]\n[Graphite:b]\nhost = g\nnaming = tagged",
        f": [Graphite:b] naming: is tagged, but in [Graphite:a] it is plain; {SAME}",
    ),
    (
        "one place in two sections",
        "[Graphite]\n[Graphite:b]\nhost = localhost",
        ": [Graphite:b]: is carbon at localhost:2004, like [Graphite]; remove one of the two "
        "sections",
    ),
    (
        "one folder in two sections, and a prefix too",
        "[Graphite:a]\nwhisper directory = /w\n[Graphite:b]\nwhisper directory = /w/\nprefix = b",
        f": [Graphite:b] prefix: is b, but in [Graphite:a] it is not set; {SAME}",
        ": [Graphite:b]: is Whisper files in /w, like [Graphite:a]; remove one of the two sections",
    ),
    ("nodes twice", NODES + HOSTS + "n1\n", f":3: [nodes:a] {STANDS_TWICE}"),
    ("nodes in two spellings", NODES + "[Nodes:a]\nhosts = n2", f":3: [Nodes:a]: {TWO_SPELLINGS}"),
    (
        "sections in two spellings of blanks",
        NODES + "[nodes: a]\nhosts = n2",
        f":3: [nodes: a]: {TWO_SPELLINGS}",
    ),
    ("header not closed", "[nodes:a\nhosts = n1", f":1: '[nodes:a' {NO_HEADER}"),
    ("header without a name", "\n[]\nport = 1", f":2: '[]' {NO_HEADER}"),
    ("text behind a header", "[lmaster] port = 1", f":1: '[lmaster] port = 1' {NO_HEADER}"),
    ("key above all sections", "hosts = n1\n[lmaster]", f":1: 'hosts = n1' {ABOVE}"),
    ("no equals sign", "[lmaster]\nport 9889", f":2: 'port 9889' {NO_SETTING}"),
    ("no key", "[lmaster]\n= 9889", f":2: '= 9889' {NO_SETTING}"),
    (
        "section that can't be seen",
        "[nodes:a\u200b\x1b]\nhosts = n1\n[nodes:a\u200b\x1b]\nhosts = n2",
        f":3: ['nodes:a\\u200b\\x1b'] {STANDS_TWICE}",
    ),
    (
        "endless label",
        "[node:" + "a" * 1000 + "]",
        f":1: [node:{'a' * 74}…]: {NO_SECTION}; did you mean nodes?",
    ),
    # Keys.
    (
        "hosts missing",
        "[nodes:a]\nport = 1",
        ":1: [nodes:a] hosts: is missing; write hosts = node[001-128]",
    ),
    ("hosts misspelt", NODES + "hots = n2", f":3: [nodes:a] hots: {NO_KEY}; did you mean hosts?"),
    (
        "key misspelt",
        NODES + "intervall = 1",
        f":3: [nodes:a] intervall: {NO_KEY}; did you mean interval?",
    ),
    (
        "key of another section",
        NODES + "maxBytes = 1",
        f":3: [nodes:a] maxBytes: {NO_KEY}; {OF_NODES}",
    ),
    (
        "underscores for blanks",
        "[lmaster]\ndata_directory = /x",
        f":2: [lmaster] data_directory: {NO_KEY}; did you mean data directory?",
    ),
    (
        "key of the agent",
        "[lmaster]\ntime_interval = 1",
        f":2: [lmaster] time_interval: {NO_KEY}; {OF_LMASTER}",
    ),
    ("key twice", NODES + "hosts = n2", f":3: [nodes:a] hosts: {TWICE}"),
    ("key twice, in another case", "[lmaster]\nPort = 1\nPORT = 2", f":3: [lmaster] PORT: {TWICE}"),
    (
        "endless key",
        "[lmaster]\n" + "k" * 1000 + " = 1",
        f":2: [lmaster] {'k' * 79}…: {NO_KEY}; {OF_LMASTER}",
    ),
    (
        "value runs on",
        NODES + "interval = 10\n  timeout = 3",
        f":3: [nodes:a] interval: '10\\ntimeout = 3' {NO_SECONDS}",
    ),
    # Node sets.
    ("no nodes", "[nodes:a]\nhosts =", f":2: [nodes:a] hosts: '' {NONE}"),
    ("bracket not closed", HOSTS + "n[1-3", f":2: [nodes:a] hosts: 'n[1-3' {NO_SET}"),
    ("bracket not opened", HOSTS + "n1-3]", f":2: [nodes:a] hosts: 'n1-3]' {NO_SET}"),
    ("range without an end", HOSTS + "n[1-]", f":2: [nodes:a] hosts: 'n[1-]' {NO_SET}"),
    ("range backwards", HOSTS + "n[5-1]", f":2: [nodes:a] hosts: 'n[5-1]' {NO_SET}"),
    ("range of letters", HOSTS + "n[a-c]", f":2: [nodes:a] hosts: 'n[a-c]' {NO_SET}"),
    (
        "too many nodes",
        HOSTS + "n[1-999999999]",
        ":2: [nodes:a] hosts: 'n[1-999999999]' expands to too many nodes; write at most 100000",
    ),
    (
        "too many nodes in all",
        HOSTS + "a[1-999]b[1-999]",
        ":2: [nodes:a] hosts: 'a[1-999]b[1-999]' contains 998001 nodes; write 1 to 100000",
    ),
    ("comma too many", HOSTS + "a,,b", f":2: [nodes:a] hosts: 'a,,b' {NO_SET}"),
    ("a slash", HOSTS + "a/b", f":2: [nodes:a] hosts: 'a/b' contains 'a/b', which {NO_HOST}"),
    (
        "a URL",
        HOSTS + "http://n1",
        f":2: [nodes:a] hosts: 'http://n1' contains 'http://n1', which {NO_HOST}",
    ),
    (
        "a port behind the host",
        HOSTS + "n1:9888",
        f":2: [nodes:a] hosts: 'n1:9888' contains 'n1:9888', which {NO_HOST}",
    ),
    (
        "no address",
        HOSTS + "300.0.0.1",
        f":2: [nodes:a] hosts: '300.0.0.1' contains '300.0.0.1', which {NO_HOST}",
    ),
    ("a group", HOSTS + "@group", f":2: [nodes:a] hosts: '@group' {NO_GROUPS}"),
    ("every node", HOSTS + "*", f":2: [nodes:a] hosts: '*' {NO_GROUPS}"),
    ("blanks within a range", HOSTS + "n[1 - 3]", f":2: [nodes:a] hosts: 'n[1 - 3]' {NO_SET}"),
    (
        "range in blanks",
        HOSTS + "n1 - n3",
        f":2: [nodes:a] hosts: 'n1 - n3' contains '-', which {NO_HOST}",
    ),
    ("range of uneven width", HOSTS + "n[01-1]", f":2: [nodes:a] hosts: 'n[01-1]' {NO_SET}"),
    ("range in steps of nothing", HOSTS + "n[1-9/0]", f":2: [nodes:a] hosts: 'n[1-9/0]' {NO_SET}"),
    ("second bracket", HOSTS + "n[1-2][3-4]", f":2: [nodes:a] hosts: 'n[1-2][3-4]' {NO_SET}"),
    ("nothing left over", HOSTS + "n[1-3]!n[1-3]", f":2: [nodes:a] hosts: 'n[1-3]!n[1-3]' {NONE}"),
    ("operator without operand", HOSTS + "n1!", f":2: [nodes:a] hosts: 'n1!' {NO_SET}"),
    ("comma at the end", HOSTS + "n1,", f":2: [nodes:a] hosts: 'n1,' {NO_SET}"),
    ("only a comma", HOSTS + ",", f":2: [nodes:a] hosts: ',' {NO_SET}"),
    ("a number", HOSTS + "12", f":2: [nodes:a] hosts: '12' contains '12', which {NO_HOST}"),
    (
        "address range too long",
        HOSTS + "10.0.0.[255-256]",
        f":2: [nodes:a] hosts: '10.0.0.[255-256]' contains '10.0.0.256', which {NO_HOST}",
    ),
    ("address in brackets", HOSTS + "[::1]", f":2: [nodes:a] hosts: '[::1]' {NO_SET}"),
    (
        "set that runs on to the left",
        HOSTS + "n[1-3\n]",
        f":2: [nodes:a] hosts: 'n[1-3' {NO_SET}",
        f":3: ']' {NO_SETTING}",
    ),
    ("endless set", HOSTS + "n," * 5000, f":2: [nodes:a] hosts: '{'n,' * 39}n…' {NO_SET}"),
    ("escape codes", HOSTS + "n1\x1b[31m", f":2: [nodes:a] hosts: 'n1\\x1b[31m' {NO_SET}"),
    # Numbers.
    (
        "interval in words",
        NODES + "interval = often",
        f":3: [nodes:a] interval: 'often' {NO_SECONDS}",
    ),
    (
        "interval with a unit",
        NODES + "interval = 10s",
        f":3: [nodes:a] interval: '10s' {NO_SECONDS}",
    ),
    (
        "interval with a fraction",
        NODES + "interval = 0.5",
        f":3: [nodes:a] interval: '0.5' {NO_SECONDS}",
    ),
    (
        "interval of nothing",
        NODES + "interval = 0",
        f":3: [nodes:a] interval: '0' {OUT}; write from 1 to 86400 seconds",
    ),
    (
        "interval below zero",
        NODES + "interval = -10",
        f":3: [nodes:a] interval: '-10' {OUT}; write from 1 to 86400 seconds",
    ),
    (
        "interval of a week",
        NODES + "interval = 604800",
        f":3: [nodes:a] interval: '604800' {OUT}; write from 1 to 86400 seconds",
    ),
    (
        "timeout of nothing",
        NODES + "timeout = 0",
        f":3: [nodes:a] timeout: '0' {OUT}; write from 0.05 to 3600 seconds",
    ),
    ("timeout in words", NODES + "timeout = never", f":3: [nodes:a] timeout: 'never' {NO_TIMEOUT}"),
    (
        "timeout longer than the interval",
        NODES + "interval = 2\ntimeout = 3",
        f":4: [nodes:a] timeout: 3 s is longer than the interval of 2 s; {LONGER}",
    ),
    (
        "timeout longer than the default",
        NODES + "timeout = 11",
        f":3: [nodes:a] timeout: 11 s is longer than the interval of 10 s; {LONGER}",
    ),
    ("port in words", NODES + "port = http", f":3: [nodes:a] port: 'http' {NO_PORT}"),
    (
        "port too high",
        NODES + "port = 98888",
        f":3: [nodes:a] port: '98888' {OUT}; write from 1 to 65535",
    ),
    (
        "port of the page",
        "[lmaster]\nport = -1",
        f":2: [lmaster] port: '-1' {OUT}; write from 0 to 65535",
    ),
    (
        "queue too short",
        "[lmaster]\nqueue points = 5",
        f":2: [lmaster] queue points: '5' {OUT}; write at least 1000 points",
    ),
    (
        "queue without a number",
        "[lmaster]\nqueue points = many",
        ":2: [lmaster] queue points: 'many' is not a whole number of points; write e.g. 2000000",
    ),
    (
        "no samples allowed",
        "[lmaster]\nsample limit = 0",
        f":2: [lmaster] sample limit: '0' {OUT}; write at least 1 samples",
    ),
    (
        "pickle port",
        "[Graphite]\ncarbon receiver pickle port = x",
        f":2: [Graphite] carbon receiver pickle port: 'x' {NO_PORT}",
    ),
    (
        "plaintext port",
        "[Graphite]\ncarbon receiver port = 1.5",
        f":2: [Graphite] carbon receiver port: '1.5' {NO_PORT}",
    ),
    (
        "port of nothing",
        NODES + "port = 0",
        f":3: [nodes:a] port: '0' {OUT}; write from 1 to 65535",
    ),
    (
        "interval with an exponent",
        NODES + "interval = 1e1",
        f":3: [nodes:a] interval: '1e1' {NO_SECONDS}",
    ),
    (
        "connect timeout longer than the timeout",
        NODES + "timeout = 2\nconnect timeout = 3",
        ":4: [nodes:a] connect timeout: 3 s is longer than the timeout of 2 s; lower it, or raise "
        "the timeout",
    ),
    (
        "connect timeout longer than the default",
        NODES + "connect timeout = 6",
        ":3: [nodes:a] connect timeout: 6 s is longer than the timeout of 5 s; lower it, or raise "
        "the timeout",
    ),
    (
        "page limit with a unit",
        NODES + "page limit = 1 MB",
        ":3: [nodes:a] page limit: '1 MB' is not a whole number of bytes; write e.g. 16777216",
    ),
    (
        "page limit of nothing",
        NODES + "page limit = 0",
        f":3: [nodes:a] page limit: '0' {OUT}; write from 1000 to 1073741824 bytes",
    ),
    ("path of no slash", NODES + "path = metrics", f":3: [nodes:a] path: 'metrics' {NO_PAGE}"),
    (
        "path of a URL",
        NODES + "path = http://n1/metrics",
        f":3: [nodes:a] path: 'http://n1/metrics' {NO_PAGE}",
    ),
    ("path with a blank", NODES + "path = /a b", f":3: [nodes:a] path: '/a b' {NO_PAGE}"),
    ("path with a fragment", NODES + "path = /a#b", f":3: [nodes:a] path: '/a#b' {NO_PAGE}"),
    ("path with half an escape", NODES + "path = /%2", f":3: [nodes:a] path: '/%2' {NO_PAGE}"),
    ("tls of neither", NODES + "tls = maybe", f":3: [nodes:a] tls: 'maybe' {NEITHER}"),
    (
        "an authority without TLS",
        NODES + "tls ca = /ca.pem",
        ":3: [nodes:a] tls ca: has no effect without TLS; set tls = yes too",
    ),
    (
        "a server's name without TLS",
        NODES + "tls = no\ntls server name = nodes",
        ":4: [nodes:a] tls server name: has no effect without TLS; set tls = yes too",
    ),
    (
        "a certificate of nodes without a key",
        NODES + "tls = yes\ntls certificate = /a.pem",
        ":4: [nodes:a] tls certificate: requires tls key; set both, or neither",
    ),
    (
        "a key of nodes without a certificate",
        NODES + "tls = yes\ntls key = /a.key",
        ":4: [nodes:a] tls key: requires tls certificate; set both, or neither",
    ),
    (
        "a certificate of nodes without TLS",
        NODES + "tls certificate = /a.pem\ntls key = /a.key",
        ":3: [nodes:a] tls certificate: has no effect without TLS; set tls = yes too",
    ),
    (
        "a user without a password",
        NODES + "user = lmaster",
        ":3: [nodes:a] user: requires password file; set both, or neither",
    ),
    (
        "a password without a user",
        NODES + "password file = /p",
        ":3: [nodes:a] password file: requires user; set both, or neither",
    ),
    (
        "a user and a token",
        NODES + "user = a\npassword file = /p\ntoken file = /t",
        ":5: [nodes:a] token file: can't be used together with user; remove one of the two",
    ),
    (
        "a user with a password behind",
        NODES + "user = a:b\npassword file = /p",
        ":3: [nodes:a] user: 'a:b' is not a valid user name; write a name without colons, e.g. lmaster",
    ),
    ("a token in place", NODES + "token file = abc", f":3: [nodes:a] token file: 'abc' {NO_PATH}"),
    ("timeout empty", NODES + "timeout =", f":3: [nodes:a] timeout: '' {NO_TIMEOUT}"),
    ("timeout of no number", NODES + "timeout = nan", f":3: [nodes:a] timeout: 'nan' {NO_TIMEOUT}"),
    (
        "timeout a bit too long",
        NODES + "timeout = 10.5",
        f":3: [nodes:a] timeout: 10.5 s is longer than the interval of 10 s; {LONGER}",
    ),
    (
        "timeout of a day",
        NODES + "interval = 86400\ntimeout = 86400",
        f":4: [nodes:a] timeout: '86400' {OUT}; write from 0.05 to 3600 seconds",
    ),
    ("timeout with a comma", NODES + "timeout = 0,5", f":3: [nodes:a] timeout: '0,5' {NO_TIMEOUT}"),
    (
        "pickle port of nothing",
        "[Graphite]\ncarbon receiver pickle port = 0",
        f":2: [Graphite] carbon receiver pickle port: '0' {OUT}; write from 1 to 65535",
    ),
    (
        "queue below zero",
        "[lmaster]\nqueue points = -1",
        f":2: [lmaster] queue points: '-1' {OUT}; write at least 1000 points",
    ),
    (
        "samples with an underscore",
        "[lmaster]\nsample limit = 1_000",
        ":2: [lmaster] sample limit: '1_000' is not a whole number of samples; write e.g. 10",
    ),
    # Words.
    (
        "alignment of neither",
        NODES + "alignment = togehter",
        ":3: [nodes:a] alignment: 'togehter' is none of spread, together; did you mean together?",
    ),
    (
        "metrics that are no pattern",
        NODES + "metrics keep = node_cpu_*, a b",
        f":3: [nodes:a] metrics keep: 'node_cpu_*, a b' holds 'a b', which {NO_SELECTOR}",
    ),
    (
        "metrics with half a label",
        NODES + "metrics drop = a{b=c}",
        ":3: [nodes:a] metrics drop: 'a{b=c}' holds 'a{b=c}', which is not a valid selector; write "
        'metric{label="pattern"}, with one label, ? for a comma',
    ),
    (
        "no labels allowed",
        NODES + "label limit = 0",
        f":3: [nodes:a] label limit: '0' {OUT}; write at least 1 labels",
    ),
    (
        "labels of no length",
        NODES + "label length limit = long",
        ":3: [nodes:a] label length limit: 'long' is not a whole number of bytes; write e.g. 200",
    ),
    (
        "shard of no number",
        "[lmaster]\nshard = two",
        ":2: [lmaster] shard: 'two' is not a valid shard; write NUMBER/COUNT, e.g. 2/5",
    ),
    (
        "shard beyond the last",
        "[lmaster]\nshard = 3/2",
        ":2: [lmaster] shard: '3/2' is not one of 2 shards; write 1/2 to 2/2",
    ),
    ("send perhaps", "[Graphite]\nsend = perhaps", f":2: [Graphite] send: 'perhaps' {NEITHER}"),
    (
        "protocol misspelt",
        "[Graphite]\nprotocol = picle",
        f":2: [Graphite] protocol: 'picle' {NO_PROTOCOL}; did you mean pickle?",
    ),
    (
        "protocol unknown",
        "[Graphite]\nprotocol = udp",
        f":2: [Graphite] protocol: 'udp' {NO_PROTOCOL}",
    ),
    (
        "host with a port",
        "[Graphite]\nhost = carbon:2004",
        f":2: [Graphite] host: 'carbon:2004' {NO_HOST}",
    ),
    ("host of two words", "[lmaster]\nhost = my host", f":2: [lmaster] host: 'my host' {NO_HOST}"),
    (
        "data in a relative place",
        "[lmaster]\ndata directory = data",
        f":2: [lmaster] data directory: 'data' {NO_PATH}",
    ),
    (
        "whisper nowhere",
        "[Graphite]\nwhisper directory =",
        f":2: [Graphite] whisper directory: '' {NO_VALUE}",
    ),
    (
        "prefix with a slash",
        "[Graphite]\nprefix = a/b",
        f":2: [Graphite] prefix: 'a/b' {NO_PREFIX}",
    ),
    (
        "prefix with a dot at its end",
        "[Graphite]\nprefix = a.",
        f":2: [Graphite] prefix: 'a.' {NO_PREFIX}",
    ),
    ("prefix with a star", NODES + "prefix = *", f":3: [nodes:a] prefix: '*' {NO_PREFIX}"),
    (
        "prefix that climbs",
        "[Graphite]\nprefix = ../..",
        f":2: [Graphite] prefix: '../..' {NO_PREFIX}",
    ),
    (
        "level misspelt",
        "[logging]\nlevel = INOF",
        f":2: [logging] level: 'INOF' {NO_LEVEL}; did you mean INFO?",
    ),
    (
        "bytes of letters",
        "[logging]\nmaxBytes = 1G",
        ":2: [logging] maxBytes: '1G' is not a whole number of bytes; write e.g. 1073741824",
    ),
    ("host empty", "[Graphite]\nhost =", f":2: [Graphite] host: '' {NO_HOST}"),
    ("send empty", "[Graphite]\nsend =", f":2: [Graphite] send: '' {NEITHER}"),
    ("protocol empty", "[Graphite]\nprotocol =", f":2: [Graphite] protocol: '' {NO_PROTOCOL}"),
    (
        "data in nobody's home",
        "[lmaster]\ndata directory = ~no-such-user/x",
        f":2: [lmaster] data directory: '~no-such-user/x' {NO_HOME}",
    ),
    (
        "data in two places",
        "[lmaster]\ndata directory = /x\n  /y",
        f":2: [lmaster] data directory: '/x\\n/y' {NO_VALUE}",
    ),
    ("prefix empty", "[Graphite]\nprefix =", f":2: [Graphite] prefix: '' {NO_PREFIX}"),
    ("prefix with two dots", NODES + "prefix = a..b", f":3: [nodes:a] prefix: 'a..b' {NO_PREFIX}"),
    ("prefix of two words", NODES + "prefix = a b", f":3: [nodes:a] prefix: 'a b' {NO_PREFIX}"),
    (
        "prefix that is too long for a folder",
        NODES + "prefix = " + "a" * 300,
        f":3: [nodes:a] prefix: '{'a' * 79}…' {NO_PREFIX}",
    ),
    ("prefix with an umlaut", NODES + "prefix = ü", f":3: [nodes:a] prefix: 'ü' {NO_PREFIX}"),
    (
        "sensors without commas",
        NODES + "sensors = Users, Boot Time",
        f":3: [nodes:a] sensors: 'Users, Boot Time' holds 'Boot Time', which {NO_SENSOR}",
    ),
    (
        "log in a relative place",
        "[logging]\nfilename = lmaster.log",
        f":2: [logging] filename: 'lmaster.log' {NO_PATH}",
    ),
    (
        "too many logs",
        "[logging]\nbackupCount = 10001",
        f":2: [logging] backupCount: '10001' {OUT}; write from 0 to 10000 files",
    ),
    # The file itself.
    ("not UTF-8", b"[lmaster]\n# \xe4\n", f":2: is not UTF-8 text; {UTF}"),
    ("zeros", b"[lmaster]\nhost = \x00\n", f":2: holds a NUL byte, so it is no text; {UTF}"),
    (
        "garbage",
        GARBAGE,
        f":1: '{GARBAGE[:79]}…' {ABOVE}",
    ),
    ("XML", "<config/>", f":1: '<config/>' {ABOVE}"),
    ("UTF-16", "[lmaster]".encode("utf-16"), f":1: is not UTF-8 text; {UTF}"),
    ("two marks", "\ufeff\ufeff[lmaster]", f":1: '\\ufeff[lmaster]' {ABOVE}"),
    ("JSON", '{"nodes": ["n1"]}', f':1: \'{{"nodes": ["n1"]}}\' {ABOVE}'),
    ("YAML", "nodes:\n  hosts: n1", f":1: 'nodes:' {ABOVE}", f":2: 'hosts: n1' {ABOVE}"),
    ("a shell script", "#!/bin/sh\nlmaster scrape", f":2: 'lmaster scrape' {ABOVE}"),
    ("one endless line", "x" * 10**6, f":1: '{'x' * 79}…' {ABOVE}"),
]


def check(path, capsys):
    """Return the exit code of ``lmaster check`` of a file, and what it says.

    Why something is no node set is said in the words of ClusterShell, which may change.
    """
    code = cli.main(["check", "-c", str(path)])
    out, err = capsys.readouterr()
    assert out == ""
    assert err.replace("\n", "").isprintable()
    return code, re.sub(
        r"is not a valid node set \(.{1,120}\);", "is not a valid node set (…);", err
    )


@pytest.mark.parametrize(
    ("content", "messages"), [pytest.param(text, said, id=what) for what, text, *said in BROKEN]
)
def test_a_broken_file_is_refused_with_a_line_for_each_mistake(tmp_path, capsys, content, messages):
    """File, line, section, key, what was found, what to write; and exit code 2."""
    path = tmp_path / "lmaster.conf"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    code, err = check(path, capsys)

    assert code == 2
    assert "".join(f"{path}{message}\n" for message in messages) == err


def test_there_are_more_than_a_hundred_kinds_with_those_of_the_agent():
    """Each is another mistake."""
    from tests.exporter.test_broken_config import BROKEN as OF_THE_AGENT

    kinds = {(what, text) for what, text, *_ in [*BROKEN, *OF_THE_AGENT]}
    assert len(kinds) == len(BROKEN) + len(OF_THE_AGENT)
    assert len(kinds) > 100


def test_all_mistakes_are_told_at_once(tmp_path, capsys):
    """In the order of their lines."""
    path = tmp_path / "lmaster.conf"
    path.write_text(SEVERAL)

    code, err = check(path, capsys)

    assert code == 2
    lines = [int(line.removeprefix(f"{path}:").partition(":")[0]) for line in err.splitlines()]
    assert [2, 3, 4, 5, 6, 7, 9] == lines


@pytest.mark.parametrize(
    ("sections", "one", "other"),
    [
        ("[nodes:a]\nhosts = n1.east, n1.west\n", "n1.east:9888", "n1.west:9888"),
        (
            "[nodes:a]\nhosts = n1\n[nodes:b]\nhosts = n1\nport = 9100\n",
            "n1:9888",
            "n1:9100",
        ),
        ("[nodes:a]\nhosts = n1\n[nodes:b]\nhosts = n1.west\n", "n1:9888", "n1.west:9888"),
        ("[nodes:a]\nhosts = 10.0.0.1\n[nodes:b]\nhosts = 10-0-0-1\n", "10.0.0.1:9888", "10-"),
    ],
)
def test_two_pages_with_one_path_are_refused(tmp_path, capsys, sections, one, other):
    """They would write over each other's points; the message names the file and both."""
    path = tmp_path / "lmaster.conf"
    path.write_text(sections)

    code, err = check(path, capsys)

    assert code == 2
    assert err.startswith(f"{path}: {one} and {other}")
    assert " in Graphite; move one of them to a [nodes:...] section with a different prefix" in err


def test_scrape_says_the_same_as_check(tmp_path, capsys):
    """Of a wrong value, and of nodes that would share a path."""
    path = tmp_path / "lmaster.conf"

    for text in ("[lmaster]\nport = x", "[nodes:a]\nhosts = n1.east, n1.west"):
        path.write_text(text)
        code = cli.main(["scrape", "-c", str(path)])
        said = capsys.readouterr().err

        assert (code, said) == check(path, capsys)


def missing(path):
    """Make nothing at *path*."""


def forbidden(path):
    """Make a file at *path* that can't be read."""
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path.touch(mode=0)


def endless(path):
    """Make a file at *path* that is read without an end."""
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (missing, "can't be read: No such file or directory; check the path and its permissions"),
        (os.mkdir, "can't be read: Is a directory; check the path and its permissions"),
        (forbidden, "can't be read: Permission denied; check the path and its permissions"),
        (endless, "has more than 16777216 bytes; check the path"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused_with_the_reason(tmp_path, capsys, make, message):
    """The one that was asked for must exist, and be a file."""
    path = tmp_path / "lmaster.conf"
    make(path)

    assert check(path, capsys) == (2, f"{path}: {message}\n")


def test_a_file_of_mistakes_ends_with_their_number(tmp_path, capsys):
    """It is read to its end at once, and a hundred lines of messages are enough."""
    path = tmp_path / "lmaster.conf"
    path.write_text("".join(f"[s{number}]\nx{' ' * 1000}y\n" for number in range(2000)))

    code, err = check(path, capsys)

    assert code == 2
    assert err.count("\n") == 101
    assert err.endswith(f"{path}: and 3900 more mistakes\n")


@pytest.mark.parametrize(
    "declared",
    [
        pytest.param(one, id=one.key)
        for settings in (MasterSettings, NodesSettings, GraphiteSettings, LoggingSettings)
        for one in options_of(settings)
    ],
)
def test_what_a_message_tells_to_write_is_right(declared):
    """Each key takes the example of its kind."""
    declared.kind.parse(declared.kind.example)


def test_the_example_passes_the_check(tmp_path, capsys):
    """As it is printed."""
    path = tmp_path / "lmaster.conf"
    cli.main(["check", "--example"])
    path.write_text(capsys.readouterr().out)

    code = cli.main(["check", "-c", str(path)])

    said, warned = capsys.readouterr()
    assert code == 0
    assert said.startswith(f"{path}: ok, 128 targets\n")
    # What a carbon would take long for may be told, as it depends on the machine.
    assert all(re.match("warning: .*carbon", line) for line in warned.splitlines())


def test_an_old_file_is_right_with_one_warning(tmp_path, capsys):
    """FrUCToSA 0.x knew no list of nodes: that is said too."""
    path = tmp_path / "lmaster.conf"
    path.write_text(OLD)

    code = cli.main(["check", "-c", str(path)])

    assert code == 0
    expected = (
        f"{path}: ok, but it has no nodes; add a [nodes:NAME] section with hosts = ...\n",
        f"warning: {path}: no longer of any effect, and ignored: "
        "[lmaster] incoming data port (line 3)\n",
    )
    assert expected == capsys.readouterr()


def test_an_old_file_keeps_its_meaning(tmp_path):
    """Where the log goes, and the points."""
    path = tmp_path / "lmaster.conf"
    path.write_text(OLD)

    config = read_config(path)

    assert GraphiteSettings(host="localhost", pickle_port=2004) == config.graphite
    assert LoggingSettings(filename=Path("/tmp/lmaster.log"), level="DEBUG") == config.logging
    assert MasterSettings() == config.master
    assert {} == config.nodes
