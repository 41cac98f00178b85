"""The client of 2016: default headers, authorization, and calls, one at a time.

It holds connections, and no state of any call but `last_response`. It repeats nothing and renews
no token: that is what `swagger_client.session` adds.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Any, Callable, TypeVar, Union

import httpx

from swagger_client.calls import JSON, Call, check, pairs, read, segment, unchanged
from swagger_client.configuration import USER_AGENT, Configuration
from swagger_client.configuration import configuration as default_configuration
from swagger_client.redaction import redacted_text
from swagger_client.response_types import ResponseType, reader_of
from swagger_client.rest import Headers, RESTClientObject, RESTResponse, Timeout

T = TypeVar("T")
Parameters = Union[Mapping[str, Any], Sequence[tuple[str, Any]], None]
_log = logging.getLogger("swagger_client.api_client")


class ApiClient:
    """Calls a server as its configuration says. Safe to use from several threads.

    `host`: instead of the configuration's; or a configuration itself, as clients generated after
    2016 had it. `header_name`, `header_value`: a default header. `cookie`: sent with every call.
    `transport`: another way to the server, for tests.
    """

    def __init__(
        self,
        host: str | Configuration | None = None,
        header_name: str | None = None,
        header_value: str | None = None,
        cookie: str | None = None,
        *,
        configuration: Configuration | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if isinstance(host, Configuration):
            host, configuration = None, host
        self.configuration = configuration or default_configuration
        self.default_headers: dict[str, str] = {}
        if header_name is not None:
            self.default_headers[header_name] = header_value or ""
        self.cookie = cookie
        self.user_agent = USER_AGENT
        self.last_response: RESTResponse | None = None
        self.rest_client = RESTClientObject(self.configuration, transport)
        self._host = host

    @property
    def host(self) -> str:
        """The address of the API."""
        return self._host or self.configuration.host

    @host.setter
    def host(self, host: str) -> None:
        self._host = host

    @property
    def user_agent(self) -> str:
        """The value of the `User-Agent` header."""
        return self.default_headers["User-Agent"]

    @user_agent.setter
    def user_agent(self, value: str) -> None:
        self.default_headers["User-Agent"] = value

    def set_default_header(self, header_name: str, header_value: str) -> None:
        """Send this header with every call from now on."""
        self.default_headers[header_name] = header_value

    def close(self) -> None:
        """Close all connections."""
        self.rest_client.close()

    def __enter__(self) -> ApiClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def perform(
        self, call: Call[T], timeout: Timeout = None, *, preload: bool = True
    ) -> tuple[T, int, Headers]:
        """Send a call; returns the parsed response, its status and its headers.

        Raises `ApiException` for an error, for an unexpected body, and without a response. With
        `preload=False` the response is the unparsed `RESTResponse`.
        """
        known = self._secrets()
        response = self._exchange(call, timeout)
        self.last_response = response
        if self.configuration.debug:
            secrets = (*call.secrets(), *known)
            _log.debug("%s %s: %s", call.method, call.path, redacted_text(response.data, secrets))
        data: Any = read(call, response, known) if preload else response
        return data, response.status, response.headers

    def _exchange(self, call: Call[Any], timeout: Timeout) -> RESTResponse:
        headers = {**self.default_headers}
        if self.cookie:
            headers["Cookie"] = self.cookie
        if call.bearer:
            headers["Authorization"] = f"Bearer {call.bearer}"
        else:
            self.update_params_for_auth(headers, [], call.auth)
        return self.rest_client.send(call.request(self.host, headers), self._timeout(timeout))

    def _timeout(self, timeout: Timeout) -> Timeout:
        return self.configuration.timeout if timeout is None else timeout

    def _secrets(self) -> tuple[str, ...]:
        settings = self.configuration
        return (settings.access_token or "", settings.password, *settings.api_key.values())

    def call_api(
        self,
        resource_path: str,
        method: str,
        path_params: Mapping[str, Any] | None = None,
        query_params: Parameters = None,
        header_params: Mapping[str, str] | None = None,
        body: Any = None,
        post_params: Parameters = None,
        files: None = None,
        response_type: ResponseType = None,
        auth_settings: Sequence[str] | None = None,
        callback: Callable[[Any], object] | None = None,
        _return_http_data_only: bool | None = None,
        collection_formats: Mapping[str, str] | None = None,
        _preload_content: bool = True,
        _request_timeout: Timeout = None,
    ) -> Any:
        """Send any call, as the client of 2016 did.

        `response_type`: `"list[Measurement]"`, `"User"`, `"object"`, and so on, or a function
        of the parsed JSON; by default JSON is returned unchanged. `auth_settings`: without
        `["oauth2"]` no token is sent. With `callback`, the call runs on
        a thread, which is returned.
        """
        if files:
            raise ValueError("this API takes no files")
        for name, value in (path_params or {}).items():
            safe = self.configuration.safe_chars_for_path_param
            resource_path = resource_path.replace("{" + name + "}", segment(value, safe))
        headers = dict(header_params or {})
        call = Call(
            method.upper(),
            resource_path,
            reader_of(response_type),
            accept=headers.pop("Accept", "") or JSON,
            query=tuple(self.parameters_to_tuples(query_params, collection_formats)),
            form=tuple(self.parameters_to_tuples(post_params, collection_formats)),
            body=self.sanitize_for_serialization(body),
            headers=headers,
            auth=tuple(auth_settings or ()),
        )

        def perform() -> Any:
            result = self.perform(call, _request_timeout, preload=_preload_content)
            return result[0] if _return_http_data_only else result

        if callback is None:
            return perform()
        thread = threading.Thread(target=lambda: callback(perform()))
        thread.start()
        return thread

    def request(
        self,
        method: str,
        url: str,
        query_params: Parameters = None,
        headers: Mapping[str, str] | None = None,
        post_params: Parameters = None,
        body: Any = None,
        _request_timeout: Timeout = None,
    ) -> RESTResponse:
        """One request to a whole address, with these headers and no others; never parsed.

        Raises `ApiException` unless the response is a success.
        """
        call = Call(
            method.upper(),
            "",
            unchanged,
            query=tuple(self.parameters_to_tuples(query_params, None)),
            form=tuple(self.parameters_to_tuples(post_params, None)),
            body=self.sanitize_for_serialization(body),
        )
        sent = call.request(url, headers or {})
        response = self.rest_client.send(sent, self._timeout(_request_timeout))
        check(call, response, self._secrets())
        return response

    def deserialize(self, response: RESTResponse, response_type: ResponseType) -> Any:
        """The parsed response as this type; its text if it is not JSON."""
        try:
            data = json.loads(response.data)
        except ValueError:
            data = response.data
        return reader_of(response_type)(data)

    def update_params_for_auth(
        self,
        headers: dict[str, str],
        querys: list[tuple[str, str]],
        auth_settings: Sequence[str] | None,
    ) -> None:
        """Add the headers of these authorization settings."""
        known = self.configuration.auth_settings()
        for name in auth_settings or ():
            setting = known.get(name)
            if setting is not None and setting["value"]:
                headers[setting["key"]] = setting["value"]

    @staticmethod
    def select_header_accept(accepts: Sequence[str]) -> str | None:
        """JSON if it is among them, else all of them."""
        if not accepts:
            return None
        lower = [accept.lower() for accept in accepts]
        return JSON if JSON in lower else ", ".join(lower)

    @staticmethod
    def select_header_content_type(content_types: Sequence[str]) -> str:
        """JSON if it is among them or there is no choice, else the first."""
        lower = [content_type.lower() for content_type in content_types]
        return JSON if JSON in lower or not lower else lower[0]

    def sanitize_for_serialization(self, value: Any) -> Any:
        """A value as plain JSON: uses `to_dict` if there is one; times are ISO 8601."""
        if isinstance(value, dict):  # records too, by their wire names
            return {name: self.sanitize_for_serialization(item) for name, item in value.items()}
        if hasattr(value, "to_dict"):
            return self.sanitize_for_serialization(value.to_dict())
        if isinstance(value, (list, tuple)):
            return [self.sanitize_for_serialization(item) for item in value]
        return value.isoformat() if isinstance(value, (date, datetime)) else value

    @staticmethod
    def parameters_to_tuples(
        params: Parameters,
        collection_formats: Mapping[str, str] | None,
    ) -> list[tuple[str, str]]:
        """Parameters as pairs; a list becomes one value (csv, ssv, tsv, pipes) or many (multi)."""
        items = params.items() if isinstance(params, Mapping) else params or ()
        found: list[tuple[str, str]] = []
        for name, value in items:
            collection_format = (collection_formats or {}).get(name)
            if collection_format is None or isinstance(value, str):
                found += pairs({name: value})
            elif collection_format == "multi":
                found += [(name, str(item)) for item in value]
            else:
                found.append(
                    (
                        name,
                        _DELIMITERS.get(collection_format, ",").join(str(item) for item in value),
                    )
                )
        return found


_DELIMITERS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|"}
