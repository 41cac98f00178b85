"""The configuration of the client: server, credentials, TLS, proxy and logging.

API objects use `configuration` by default. Its name and fields are those of the client of 2016, in
which `Configuration()` returns this one object wherever it is called. This module sends nothing.
"""

from __future__ import annotations

import logging
import platform
import sys
from base64 import b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from swagger_client.api_client import ApiClient

DEFAULT_HOST = "https://app.quantimo.do/api"
API_VERSION = "2"
VERSION = "0.1.0"
USER_AGENT = f"quantimodo-client/{VERSION} (python {platform.python_version()})"

_SECRETS = frozenset({"access_token", "api_key", "password"})
_LOGGER = "swagger_client"


class _OneByDefault(type):
    """A call of such a class without arguments returns one shared object, as in 2016."""

    _shared: Any

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs:
            return super().__call__(*args, **kwargs)
        if "_shared" not in vars(cls):
            cls._shared = super().__call__()
        return cls._shared


class Configuration(metaclass=_OneByDefault):
    """The settings of a client. Fields are read at each call, so a change applies to the next one.

    `Configuration()` is `swagger_client.configuration`, as in 2016; `Configuration(host)` is a new
    one, for a second server.

    `host`: the address of the server's API, ending in `/api`.
    `access_token`: sent as `Authorization: Bearer …`; an empty one sends a bare `Bearer`.
    `api_key`, `api_key_prefix`: by name, as the client of 2016 had them; this API uses none.
    `username`, `password`: for calls that have `basicAuth` among their `auth_settings`.
    `verify_ssl`, `ssl_ca_cert`, `cert_file`, `key_file`: TLS; leave `verify_ssl` on.
    `proxy`: the address of a proxy; else what the environment names (`HTTPS_PROXY`, `NO_PROXY`).
    `timeout`: seconds to wait for the server, or None to wait without a limit.
    `temp_folder_path`: where files that the server sends would be put; this API sends none.
    `safe_chars_for_path_param`: characters that stay as they are in a path.
    `debug`, `logger_file`, `logger_format`: what is logged, and where. Secrets are left out.
    """

    def __init__(self, host: str = DEFAULT_HOST) -> None:
        self.host = host
        self.api_client: ApiClient | None = None
        self.temp_folder_path: str | None = None
        self.api_key: dict[str, str] = {}
        self.api_key_prefix: dict[str, str] = {}
        self.username = ""
        self.password = ""
        self.access_token: str | None = ""
        self.verify_ssl = True
        self.ssl_ca_cert: str | None = None
        self.cert_file: str | None = None
        self.key_file: str | None = None
        self.proxy: str | None = None
        self.timeout: float | None = 60.0
        self.safe_chars_for_path_param = ""
        self.logger = {"package_logger": logging.getLogger(_LOGGER)}
        self._handler: logging.Handler | None = None
        self._logger_file: str | None = None
        self._logger_format = "%(asctime)s %(levelname)s %(message)s"
        self._debug = False

    @property
    def debug(self) -> bool:
        """Whether every call is logged, with secrets left out."""
        return self._debug

    @debug.setter
    def debug(self, wanted: bool) -> None:
        self._debug = wanted
        self._arrange_logging()

    @property
    def logger_file(self) -> str | None:
        """The file that is logged to; None for the standard error."""
        return self._logger_file

    @logger_file.setter
    def logger_file(self, path: str | None) -> None:
        self._logger_file = path
        self._arrange_logging()

    @property
    def logger_format(self) -> str:
        """The format of a line, in the words of `logging.Formatter`."""
        return self._logger_format

    @logger_format.setter
    def logger_format(self, text: str) -> None:
        self._logger_format = text
        self._arrange_logging()

    def _arrange_logging(self) -> None:
        """Add a handler only if `debug` or `logger_file` is set; else the application decides."""
        package = self.logger["package_logger"]
        if self._handler is not None:
            package.removeHandler(self._handler)
            self._handler.close()
            self._handler = None
        if self._logger_file is not None:
            self._handler = logging.FileHandler(self._logger_file, encoding="utf-8")
        elif self._debug:
            self._handler = logging.StreamHandler()
        if self._handler is not None:
            self._handler.setFormatter(logging.Formatter(self._logger_format))
            package.addHandler(self._handler)
        package.setLevel(logging.DEBUG if self._debug else logging.WARNING)

    def get_api_key_with_prefix(self, identifier: str) -> str | None:
        """The API key of this name with its prefix, or None if there is no such key."""
        key = self.api_key.get(identifier)
        prefix = self.api_key_prefix.get(identifier)
        return f"{prefix} {key}" if key and prefix else key

    def get_basic_auth_token(self) -> str:
        """The value of an `Authorization` header from `username` and `password`."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {b64encode(pair).decode()}"

    def auth_settings(self) -> dict[str, dict[str, str]]:
        """The ways of authorization, by their names of 2016: `oauth2` is what every method uses."""
        bearer = f"Bearer {self.access_token or ''}"
        basic = self.get_basic_auth_token() if self.username or self.password else ""
        return {
            "oauth2": _header("oauth2", "Authorization", bearer),
            "quantimodo_oauth2": _header("oauth2", "Authorization", bearer),
            "basicAuth": _header("basic", "Authorization", basic),
            "internalApiKey": _header(
                "api_key", "api_key", self.get_api_key_with_prefix("api_key") or ""
            ),
        }

    def to_debug_report(self) -> str:
        """Versions, for a report about a fault."""
        return (
            f"Python SDK Debug Report:\nOS: {sys.platform}\n"
            f"Python Version: {platform.python_version()}\n"
            f"Version of the API: {API_VERSION}\n"
            f"SDK Package Version: {VERSION}"
        )

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_shown(name, value)}" for name, value in self._fields())
        return f"Configuration({shown})"

    def _fields(self) -> list[tuple[str, Any]]:
        hidden = ("api_client", "logger")
        return [
            (name, value)
            for name, value in vars(self).items()
            if not name.startswith("_") and name not in hidden
        ]


def _header(kind: str, name: str, value: str) -> dict[str, str]:
    return {"type": kind, "in": "header", "key": name, "value": value}


def _shown(name: str, value: Any) -> str:
    return "•••" if value and name in _SECRETS else repr(value)


configuration = Configuration()
