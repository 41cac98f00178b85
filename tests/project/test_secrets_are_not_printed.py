"""security.md §16: a raw secret is shown only by an explicit call."""

import copy
import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quantimodo.clients.registry import RegisteredClient
from quantimodo.crypto.tokens import Kind, Minted, SuccessorDerivation, Successors
from quantimodo.grant_types.contract import MintedTokens, Parent, Redeem, Repeat, Rotate
from quantimodo.model.clients import Client
from quantimodo.model.secrets import Secret
from quantimodo.model.tokens import (
    AuthorizationCode,
    FoundCode,
    FoundRefreshToken,
    Grant,
    RefreshToken,
)
from quantimodo.model.users import User
from quantimodo.protocol.client_auth import Credentials
from quantimodo.protocol.parameters import Form
from support.app import settings_for

MARK = "m4rked-secret-value"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "show", [repr, str, "{}".format, "{!r}".format, "%s".__mod__, ascii, lambda it: f"{[it]}"]
)
def test_a_secret_shows_nothing(show: Callable[[object], str]) -> None:
    assert MARK not in show(Secret(MARK))


def test_a_secret_is_not_carried_away_by_accident() -> None:
    for carry in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError) as refused:
            carry(Secret(MARK))
        assert MARK not in str(refused.value)
    with pytest.raises(TypeError):
        vars(Secret(MARK))


def test_objects_with_a_secret_do_not_print_it() -> None:
    client = Client(id="app", name="App", created_at=NOW)
    ann = User(id=1, subject="s", name="Ann", email=None, created_at=NOW, updated_at=NOW)
    grant = Grant(
        id=b"f",
        client_id="app",
        user_id=1,
        scope=frozenset(),
        authenticated_at=NOW,
        created_at=NOW,
        expires_at=NOW,
    )
    token = RefreshToken(key=b"k", grant_id=b"f", issued_at=NOW, expires_at=NOW)
    found = FoundRefreshToken(
        token=token, grant=grant, user=ann, spent_at=None, successor_nonce=None, revoked=False
    )
    minted = Minted(Secret(MARK), b"key")
    code = FoundCode(
        code=AuthorizationCode(b"k", b"f", None, None, None, NOW),
        grant=grant,
        user=ann,
        redeemed_at=None,
        revoked=False,
    )
    for holder in (
        Redeem(client, code, frozenset(), parent=Parent(MARK, b"nonce")),
        Credentials("app", Secret(MARK), "client_secret_basic"),
        Form({"client_secret": MARK, "code": MARK}),
        minted,
        RegisteredClient(client, Secret(MARK)),
        Rotate(client, found, frozenset(), MARK),
        Repeat(
            client, found, frozenset(), MintedTokens(Successors(minted, minted), NOW, found.token)
        ),
        SuccessorDerivation(MARK.encode(), [MARK.encode()]),
    ):
        assert MARK not in repr(holder), type(holder)
        assert MARK not in str(holder)


def test_settings_show_no_secret(tmp_path: Path) -> None:
    settings = settings_for(
        f"postgresql://user:{MARK}@127.0.0.1/x",
        tmp_path,
        metrics_token=MARK,
        smtp__url=f"smtp://user:{MARK}@mail.example.org:587",
    )
    assert MARK not in repr(settings)
    assert "A" * 43 not in repr(settings)


def test_every_kind_of_secret_has_its_own_prefix() -> None:
    assert len({*Kind}) == len(Kind)
    assert all(kind.startswith("qm") and kind.endswith("_") and len(kind) == 4 for kind in Kind)
