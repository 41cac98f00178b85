"""Signs a person in, and sends calls with that person's tokens.

`OAuthSession` is for code with threads or none, `AsyncOAuthSession` for an event loop. Both make
the address that the person opens, exchange the authorization code for tokens, store and renew them,
and revoke them at sign-out.
"""

from swagger_client.session.application import Application, AuthorizationRequest, DeviceCode
from swagger_client.session.async_session import AsyncOAuthSession
from swagger_client.session.errors import (
    AuthorizationRefused,
    InvalidAuthorizationResponse,
    SignInRequired,
    UnsupportedGrantType,
    error_of,
)
from swagger_client.session.pages import AsyncListing, AsyncMeasurements, Listing, Measurements
from swagger_client.session.retries import Retries
from swagger_client.session.session import OAuthSession
from swagger_client.session.setup import PERSONAL_TOKEN, PERSONAL_TOKEN_KEY
from swagger_client.session.stores import FileStore, KeyringStore, MemoryStore, TokenStore
from swagger_client.session.tokens import Token

__all__ = [
    "PERSONAL_TOKEN",
    "PERSONAL_TOKEN_KEY",
    "Application",
    "AsyncListing",
    "AsyncMeasurements",
    "AsyncOAuthSession",
    "AuthorizationRefused",
    "AuthorizationRequest",
    "DeviceCode",
    "FileStore",
    "InvalidAuthorizationResponse",
    "KeyringStore",
    "Listing",
    "Measurements",
    "MemoryStore",
    "OAuthSession",
    "Retries",
    "SignInRequired",
    "Token",
    "TokenStore",
    "UnsupportedGrantType",
    "error_of",
]
