"""Signing a person in, and calls in that person's name.

`OAuthSession` is for code with threads or none, `AsyncOAuthSession` for an event loop. Both make
the address that the person opens, trade the answer for tokens, keep them, renew them in time, and
end them at sign-out.
"""

from swagger_client.session.application import Application, AuthorizationRequest, DeviceCode
from swagger_client.session.async_session import AsyncOAuthSession
from swagger_client.session.errors import (
    AuthorizationRefused,
    ForeignAnswer,
    NotOffered,
    SignInRequired,
    error_of,
)
from swagger_client.session.pages import AsyncListing, AsyncMeasurements, Listing, Measurements
from swagger_client.session.retries import Retries
from swagger_client.session.session import OAuthSession
from swagger_client.session.stores import FileStore, KeyringStore, MemoryStore, TokenStore
from swagger_client.session.tokens import Token

__all__ = [
    "Application",
    "AsyncListing",
    "AsyncMeasurements",
    "AsyncOAuthSession",
    "AuthorizationRefused",
    "AuthorizationRequest",
    "DeviceCode",
    "FileStore",
    "ForeignAnswer",
    "KeyringStore",
    "Listing",
    "Measurements",
    "MemoryStore",
    "NotOffered",
    "OAuthSession",
    "Retries",
    "SignInRequired",
    "Token",
    "TokenStore",
    "error_of",
]
