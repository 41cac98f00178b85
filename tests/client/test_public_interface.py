"""The public interface: its names, its documentation, and its independence of the server."""

import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import quantimodo
import swagger_client
from support.checks import not_empty
from swagger_client import session

SOURCE = Path(swagger_client.__file__).parent
BAD_NAMES = {"utils", "helpers", "common", "base", "misc", "manager", "core", "util", "helper"}
PAGE = {
    "ApiClient", "ApiException", "AuthenticationApi", "Configuration", "MeasurementsApi",
    "UnitsApi", "UserApi", "VariablesApi", "configuration", "rest",
}  # fmt: skip
VALUES = {
    "Authorization", "AuthorizationAnswer", "ConversionStep", "Login", "LoginAnswer",
    "Measurement", "MeasurementSet", "NewMeasurement", "Record", "SocialLogin", "TokenAnswer",
    "Unit", "UnitCategory", "User", "Variable", "VariableCategory",
}  # fmt: skip
SESSION = {
    "Application", "AsyncListing", "AsyncMeasurements", "AsyncOAuthSession",
    "AuthorizationRefused", "AuthorizationRequest", "DeviceCode", "FileStore",
    "InvalidAuthorizationResponse", "KeyringStore", "Listing", "Measurements", "MemoryStore",
    "OAuthSession", "PERSONAL_TOKEN", "PERSONAL_TOKEN_KEY", "Retries", "SignInRequired", "Token",
    "TokenStore", "UnsupportedGrantType", "error_of",
}  # fmt: skip
SIGNATURES = {
    "v2_auth_social_authorize_code_get": "code, provider, *, code_verifier, redirect_url",
    "v2_auth_social_authorize_token_get": "access_token, provider, *, refresh_token",
    "v2_auth_social_login_get": "redirect_url, provider, *, client_id, state, code_challenge,"
    " code_challenge_method",
    "v2_oauth2_access_token_get": "client_id, client_secret, grant_type, code, *, response_type,"
    " scope, redirect_uri, state, refresh_token, code_verifier",
    "v2_oauth_authorize_get": "client_id, client_secret, response_type, scope, *, redirect_uri,"
    " state, code_challenge, code_challenge_method",
}


def modules() -> list[ModuleType]:
    found = pkgutil.walk_packages([str(SOURCE)], "swagger_client.")
    names = [module.name for module in found if not module.name.endswith("__main__")]
    # `swagger_client.configuration` is the object of the page; the module is under its name.
    return [swagger_client, *(importlib.import_module(name) for name in names)]


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def test_the_public_names_are_the_promised_ones() -> None:
    assert set(swagger_client.__all__) == PAGE | VALUES | {"session", "__version__"}
    assert set(session.__all__) == SESSION
    for package in (swagger_client, session):
        for name in package.__all__:
            assert getattr(package, name) is not None


def test_the_names_of_the_page_are_where_the_page_has_them() -> None:
    assert swagger_client.rest.ApiException is swagger_client.ApiException
    assert isinstance(swagger_client.configuration, swagger_client.Configuration)
    for name in (
        "host", "access_token", "api_key", "api_key_prefix", "username", "password", "verify_ssl",
        "ssl_ca_cert", "cert_file", "key_file", "debug", "logger_file", "logger_format",
        "temp_folder_path", "safe_chars_for_path_param", "proxy", "api_client", "logger",
    ):  # fmt: skip
        assert hasattr(swagger_client.configuration, name), name
    assert swagger_client.configuration.host == "https://app.quantimo.do/api"
    assert importlib.import_module("swagger_client.apis.authentication_api").AuthenticationApi


def test_the_methods_take_what_the_page_says() -> None:
    api = swagger_client.AuthenticationApi
    for name, expected in SIGNATURES.items():
        for query_value in (name, f"{name}_with_http_info"):
            parameters = inspect.signature(getattr(api, query_value)).parameters
            shown, keyword = [], False
            for parameter in parameters.values():
                if parameter.kind is parameter.KEYWORD_ONLY and not keyword:
                    shown.append("*")
                    keyword = True
                if parameter.name not in ("self", "options"):
                    shown.append(parameter.name)
            assert ", ".join(shown) == expected
    there = {name for name in dir(api) if name.startswith("v2_")}
    assert there == {*SIGNATURES, *(f"{name}_with_http_info" for name in SIGNATURES)}


def test_help_describes_the_response() -> None:
    method = swagger_client.AuthenticationApi.v2_oauth2_access_token_get
    assert inspect.signature(method).return_annotation == "TokenAnswer"
    twin = swagger_client.AuthenticationApi.v2_oauth2_access_token_get_with_http_info
    assert inspect.signature(twin).return_annotation == "tuple[TokenAnswer, int, Headers]"
    assert "(data, status, headers)" in (twin.__doc__ or "")


def documented(owner: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in vars(owner).items():
        ours = str(getattr(value, "__module__", None) or "swagger_client")
        if name.startswith("_") or not ours.startswith("swagger_client"):
            continue
        if inspect.isclass(value):
            yield f"{prefix}.{name}", value
            yield from documented(value, f"{prefix}.{name}")
        elif inspect.isfunction(value) or isinstance(value, property | staticmethod | classmethod):
            yield f"{prefix}.{name}", value


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__)
def test_everything_public_says_what_it_is(module: ModuleType) -> None:
    assert module.__doc__
    silent = [name for name, value in documented(module, module.__name__) if not value.__doc__]
    assert silent == []


def test_both_sessions_promise_the_same() -> None:
    def public(kind: type[Any]) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert public(session.OAuthSession) - public(session.AsyncOAuthSession) == {"api_client"}
    assert public(session.AsyncOAuthSession) <= public(session.OAuthSession)
    for name in public(session.AsyncOAuthSession):
        ours, theirs = (
            getattr(kind, name) for kind in (session.OAuthSession, session.AsyncOAuthSession)
        )
        if inspect.isfunction(ours) and inspect.isfunction(theirs) and name not in ("run",):
            parameters = inspect.signature(ours).parameters
            assert list(parameters) == list(inspect.signature(theirs).parameters), name


def test_client_and_server_do_not_know_each_other() -> None:
    allowed = {"httpx", "swagger_client", "typing_extensions"}
    for path, tree in not_empty(sources()):
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in names:
                root = name.partition(".")[0]
                assert root in allowed or root in _standard_library(), (path, name)
            if isinstance(node, ast.Import | ast.ImportFrom) and path.name != "__init__.py":
                assert node.col_offset == 0 or _only_for_types(tree, node), (path, node.lineno)
    for path in not_empty(Path(quantimodo.__file__).parent.rglob("*.py")):
        assert "swagger_client" not in path.read_text("utf-8"), path


def test_only_typing_needs_typing_extensions() -> None:
    for path, tree in not_empty(sources()):
        modules = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
        assert "typing_extensions" not in modules, f"{path} imports it at run time"


def test_a_file_is_a_noun_and_is_not_endless() -> None:
    for path, _ in not_empty(sources()):
        assert path.stem not in BAD_NAMES, path
        assert len(path.read_text("utf-8").splitlines()) <= 500, path


def _only_for_types(tree: ast.Module, node: ast.AST) -> bool:
    return any(
        node in ast.walk(block)
        for block in tree.body
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
    )


def _standard_library() -> frozenset[str]:
    return frozenset(sys.stdlib_module_names)
