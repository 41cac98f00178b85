"""Token stores: memory, a file that only its owner can read, the keyring of the system."""

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from recorded_server import RecordedResponse, RecordedServer
from session_driver import ME, TOKEN_PATH, SessionDriver, stored_token, tokens
from terminal_user import TerminalUser

from swagger_client.session import FileStore, KeyringStore, MemoryStore, Token, TokenStore

NewDriver = Callable[..., SessionDriver]


class KeyringError(Exception):
    """As the library has it."""


class FakeKeyring(ModuleType):
    """The system's keyring, as the `keyring` library shows it. `fails`: there is none."""

    errors = SimpleNamespace(KeyringError=KeyringError)

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__("keyring")
        self.kept: dict[tuple[str, str], str] = {}
        self._fails = fails

    def get_password(self, service: str, username: str) -> str | None:
        if self._fails:
            raise KeyringError("No recommended backend was available.")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture(params=["memory", "file", "keyring"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> TokenStore:
    if request.param == "memory":
        return MemoryStore()
    if request.param == "file":
        return FileStore(tmp_path / "new" / "folder" / "tokens.json")
    monkeypatch.setitem(sys.modules, "keyring", FakeKeyring())
    return KeyringStore()


def test_stored_tokens_are_loaded(store: TokenStore) -> None:
    assert store.load() is None
    store.clear()
    full = Token("qma_a", "qmr_b", 12.5, "basic", "Bearer", "eyJ.e30.")
    for token in (full, Token("qma_only"), stored_token(2)):
        store.save(token)
        assert store.load() == token
    store.clear()
    assert store.load() is None


async def test_a_session_keeps_its_tokens_there(
    new_driver: NewDriver, store: TokenStore, recorded_server: RecordedServer
) -> None:
    recorded_server.on(TOKEN_PATH, RecordedResponse(body=tokens(2)))
    recorded_server.on(ME, RecordedResponse(body={"id": 1}))
    store.save(stored_token(lifetime=0))
    await new_driver(store=store).call("me")
    assert store.load() == stored_token(2)
    await new_driver(store=store).call("me")
    assert len(recorded_server.requests_to(TOKEN_PATH)) == 1


def test_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "tokens.json"
    store = FileStore(path)
    before = os.umask(0)
    try:
        store.save(stored_token())
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["tokens.json"]


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    FileStore(path).save(stored_token())
    path.chmod(0o640)
    with pytest.raises(PermissionError, match="read by others"):
        FileStore(path).load()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"access_token": 7}', '{"x": "qma_"}'])
def test_a_file_without_tokens_is_reported(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokens.json"
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(ValueError, match="no "):
        FileStore(path).load()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "tokens.json")
    store.save(stored_token())
    with pytest.raises(TypeError):
        store.save(Token("qma_new", scope=object()))  # type: ignore[arg-type]
    assert store.load() == stored_token()
    assert len(list(tmp_path.iterdir())) == 1


def test_members_of_a_newer_version_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    store = FileStore(path)
    store.save(stored_token())
    path.write_text(json.dumps({**json.loads(path.read_text()), "colour": "red"}))
    assert store.load() == stored_token()


def test_without_the_library_the_keyring_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ImportError, match=r"quantimodo-client\[keyring\]"):
        KeyringStore()


def test_a_system_without_a_keyring_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", FakeKeyring(fails=True))
    store = KeyringStore()
    for method in (store.load, store.clear):
        with pytest.raises(OSError, match="cannot be used: No recommended backend"):
            method()


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"access_token": 7}'])
def test_a_keyring_with_another_value_is_reported(
    monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    keyring = FakeKeyring()
    keyring.set_password("quantimodo-client", "default", kept)
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    with pytest.raises(ValueError, match="no access token"):
        KeyringStore().load()


def test_the_command_asks_for_the_keyring_before_it_asks_anybody_to_sign_in(
    monkeypatch: pytest.MonkeyPatch, user: TerminalUser, recorded_server: RecordedServer
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", FakeKeyring(fails=True))
    words = ("login", "--server", recorded_server.address, "--client-id", "c", "--keyring")
    assert user.run(*words) == 1
    assert user.err.startswith("quantimodo-client: the keyring of this system cannot be used")
