"""JSON schemas of provisioning files, with the keys that Grafana documents from 7.5 to today."""

_TEXT = {"type": "string"}
_SWITCH = {"type": "boolean"}
_NUMBER = {"type": "integer"}
_UID = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,40}$"}
_SECONDS = {"type": "integer", "minimum": 1}


def _mapping(required=(), **keys):
    """Return the schema of an object without other keys."""
    return {
        "type": "object",
        "properties": keys,
        "required": list(required),
        "additionalProperties": False,
    }


def _list(item):
    return {"type": "array", "items": item, "minItems": 1}


# Settings of all HTTP data sources, and of the two that are written here.
_HTTP_SETTINGS = {
    "tlsAuth": _SWITCH,
    "tlsAuthWithCACert": _SWITCH,
    "tlsSkipVerify": _SWITCH,
    "serverName": _TEXT,
    "timeout": _TEXT,
    "httpHeaderName1": _TEXT,
}
_GRAPHITE_SETTINGS = _mapping(graphiteVersion={"enum": ["0.9", "1.0", "1.1"]}, **_HTTP_SETTINGS)
_PROMETHEUS_SETTINGS = _mapping(
    timeInterval={"type": "string", "pattern": "^[1-9][0-9]*(ms|s|m|h|d)$"},
    httpMethod={"enum": ["GET", "POST"]},
    customQueryParameters=_TEXT,
    manageAlerts=_SWITCH,
    alertmanagerUid=_TEXT,
    prometheusVersion=_TEXT,
    prometheusType={"enum": ["Prometheus", "Cortex", "Mimir", "Thanos"]},
    cacheLevel={"enum": ["Low", "Medium", "High", "None"]},
    incrementalQuerying=_SWITCH,
    incrementalQueryOverlapWindow=_TEXT,
    disableRecordingRules=_SWITCH,
    **_HTTP_SETTINGS,
)
_SECRETS = _mapping(
    tlsCACert=_TEXT,
    tlsClientCert=_TEXT,
    tlsClientKey=_TEXT,
    password=_TEXT,
    basicAuthPassword=_TEXT,
    httpHeaderValue1=_TEXT,
)
_SOURCE = _mapping(
    required=("name", "type", "access"),
    name={"type": "string", "minLength": 1},
    type={"enum": ["graphite", "prometheus"]},
    access={"enum": ["proxy", "direct"]},
    orgId=_NUMBER,
    uid=_UID,
    url={"type": "string", "pattern": "^https?://"},
    user=_TEXT,
    database=_TEXT,
    basicAuth=_SWITCH,
    basicAuthUser=_TEXT,
    withCredentials=_SWITCH,
    isDefault=_SWITCH,
    jsonData={"type": "object"},
    secureJsonData=_SECRETS,
    version=_NUMBER,
    editable=_SWITCH,
)


def _settings(kind, schema):
    is_kind = {"properties": {"type": {"const": kind}}}
    return {"if": is_kind, "then": {"properties": {"jsonData": schema}}}


_SOURCE["allOf"] = [
    _settings("graphite", _GRAPHITE_SETTINGS),
    _settings("prometheus", _PROMETHEUS_SETTINGS),
]
# "prune" is left out: versions before 11.1 do not know it.
DATA_SOURCES = _mapping(
    required=("apiVersion", "datasources"),
    apiVersion={"const": 1},
    deleteDatasources=_list(_mapping(name=_TEXT, orgId=_NUMBER)),
    datasources=_list(_SOURCE),
)
_OPTIONS = _mapping(
    required=("path",),
    path={"type": "string", "pattern": "^/"},
    foldersFromFilesStructure=_SWITCH,
)
PROVIDERS = _mapping(
    required=("apiVersion", "providers"),
    apiVersion={"const": 1},
    providers=_list(
        _mapping(
            required=("name", "options"),
            name={"type": "string", "minLength": 1},
            orgId=_NUMBER,
            folder=_TEXT,
            folderUid=_UID,
            type={"enum": ["file"]},
            disableDeletion=_SWITCH,
            updateIntervalSeconds=_SECONDS,
            allowUiUpdates=_SWITCH,
            options=_OPTIONS,
        )
    ),
)
