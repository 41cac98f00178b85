"""Reads the sign-in methods of a person from three tables in one statement.

A call that deletes a sign-in method reads them after it has locked the person.
"""

from collections.abc import Iterable
from typing import Any

from quantimodo.model.sign_in_methods import SignInMethods
from quantimodo.storage.database import Statement

SIGN_IN_METHODS = Statement(
    "SELECT 'password', p.user_id, '' FROM passwords p JOIN users u ON u.id = p.user_id"
    " WHERE p.user_id = {1} AND u.email_key IS NOT NULL"
    " UNION ALL SELECT 'identity', id, provider FROM identities WHERE user_id = {1}"
    " UNION ALL SELECT 'passkey', id, rp_id FROM passkeys WHERE user_id = {1}"
)


def sign_in_methods(rows: Iterable[tuple[Any, ...]]) -> SignInMethods:
    """The methods in the rows of `SIGN_IN_METHODS`."""
    methods: dict[str, dict[int, str]] = {"password": {}, "identity": {}, "passkey": {}}
    for kind, method_id, value in rows:
        methods[kind][method_id] = value
    return SignInMethods(bool(methods["password"]), methods["identity"], methods["passkey"])
