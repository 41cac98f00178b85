"""Turns descriptions of calls into the methods of 2016.

A method is written once, as the call that it sends. `operation` makes it send this call;
`with_http_info` makes its variant that returns status and headers too. The parameters are checked
here.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import wraps
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    ClassVar,
    Protocol,
    TypedDict,
    TypeVar,
    cast,
    overload,
)

from swagger_client.api_client import ApiClient
from swagger_client.calls import Call
from swagger_client.configuration import configuration
from swagger_client.rest import Headers, Timeout

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
A = TypeVar("A", bound="Api")
A_contra = TypeVar("A_contra", bound="Api", contravariant=True)

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec

    P = ParamSpec("P")

    class Bound(Protocol[P, T_co]):
        """A bound method: it returns the response, or with a `callback` the thread of the call."""

        @overload
        def __call__(
            self, *args: Any, callback: Callable[..., object], **kwargs: Any
        ) -> threading.Thread: ...

        @overload
        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T_co: ...

    class Method(Protocol[A_contra, P, T_co]):
        """The same, in its class."""

        @property
        def __name__(self) -> str: ...

        @property
        def __qualname__(self) -> str: ...

        @overload
        def __get__(self, api: None, owner: type) -> Method[A_contra, P, T_co]: ...

        @overload
        def __get__(self, api: A_contra, owner: type) -> Bound[P, T_co]: ...

        def __call__(self, api: A_contra, *args: P.args, **kwargs: P.kwargs) -> T_co: ...


OPTIONS = frozenset({"callback", "_preload_content", "_request_timeout", "_return_http_data_only"})


_making = threading.Lock()


class Options(TypedDict, total=False):
    """What every method takes besides its parameters.

    `callback`: the call runs on a thread, which is returned at once; the callback receives the
    response there. An exception goes to `threading.excepthook`.
    `_request_timeout`: seconds, or (seconds to connect, seconds to read).
    `_preload_content`: False gives the `rest.RESTResponse` itself.
    """

    callback: Callable[..., object] | None
    _request_timeout: Timeout
    _preload_content: bool
    _return_http_data_only: bool


class ResourceOptions(Options, total=False):
    """And what methods take that read or write the data of a person.

    `access_token`: for this call, instead of the configuration's. In 2016 it went into the query;
    it goes into the header here.
    """

    access_token: str | None


class Api:
    """A group of methods. `api_client`: by default that of `configuration`."""

    options: ClassVar[frozenset[str]] = OPTIONS

    def __init__(self, api_client: ApiClient | None = None) -> None:
        self.api_client = api_client or default_client()


class ResourceApi(Api):
    """A group of methods that accept `access_token=`."""

    options = OPTIONS | {"access_token"}


def default_client() -> ApiClient:
    """The client that API objects share, made at its first use."""
    with _making:
        if configuration.api_client is None:
            configuration.api_client = ApiClient()
        return configuration.api_client


def operation(build: Callable[Concatenate[A, P], Call[T]]) -> Method[A, P, T]:
    """The method that carries out the call which `build` describes."""
    signature = inspect.signature(build)

    @wraps(build)
    def method(api: A, *args: P.args, **kwargs: P.kwargs) -> Any:
        options = {name: kwargs.pop(name) for name in api.options & kwargs.keys()}
        _check(build.__name__, signature, (api, *args), kwargs)
        call = build(api, *args, **kwargs)
        if token := options.get("access_token"):
            call = replace(call, bearer=str(token))
        return _perform(api.api_client, call, options)

    result = str(signature.return_annotation)
    _present(method, signature, result[len("Call[") : -1])
    return cast("Method[A, P, T]", method)


def with_http_info(method: Method[A, P, T]) -> Method[A, P, tuple[T, int, Headers]]:
    """The variant of a method that returns (data, status, headers)."""

    @wraps(method)
    def variant(api: A, *args: P.args, **kwargs: P.kwargs) -> Any:
        kwargs.setdefault("_return_http_data_only", False)
        return method(api, *args, **kwargs)

    signature = inspect.signature(method)
    variant.__name__ = f"{method.__name__}_with_http_info"
    variant.__qualname__ = f"{method.__qualname__}_with_http_info"
    variant.__doc__ = f"As `{method.__name__}`, but returns (data, status, headers)."
    _present(variant, signature, f"tuple[{signature.return_annotation}, int, Headers]")
    return cast("Method[A, P, tuple[T, int, Headers]]", variant)


def _present(method: Any, signature: inspect.Signature, result: str) -> None:
    """What `help()` shows."""
    method.__signature__ = signature.replace(return_annotation=result)
    method.__annotations__ = {**method.__annotations__, "return": result}


def _check(
    name: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> None:
    """Raises TypeError for an unknown keyword, ValueError for a missing required parameter."""
    named = signature.parameters
    if "options" in named:  # all parameters are listed, so any other is a mistake
        for unknown in kwargs.keys() - named.keys():
            message = f"Got an unexpected keyword argument '{unknown}' to method {name}"
            raise TypeError(message)
    given = signature.bind_partial(*args, **kwargs).arguments
    for parameter in named.values():
        required = parameter.default is parameter.empty and parameter.kind in (
            parameter.POSITIONAL_OR_KEYWORD,
            parameter.KEYWORD_ONLY,
        )
        if required and given.get(parameter.name) is None:
            message = f"Missing the required parameter `{parameter.name}` when calling `{name}`"
            raise ValueError(message)


def _perform(client: ApiClient, call: Call[Any], options: Mapping[str, Any]) -> Any:
    timeout, preload = options.get("_request_timeout"), options.get("_preload_content", True)
    callback = options.get("callback")

    def perform() -> Any:
        data, status, headers = client.perform(call, timeout, preload=preload)
        return data if options.get("_return_http_data_only", True) else (data, status, headers)

    if callback is None:
        return perform()
    thread = threading.Thread(target=lambda: callback(perform()))
    thread.start()
    return thread
