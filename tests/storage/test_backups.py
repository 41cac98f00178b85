"""docs/operator/backups.md: what a backup has, and what a restore refuses."""

import asyncio
import stat
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import IO

import apsw
import asyncpg
import msgspec
import pytest
from pyrage import x25519

from quantimodo.app.backups.backups import BackupOptions, Tools, create_backup
from quantimodo.app.backups.format import BackupFile, BackupRefused, Manifest, authenticated
from quantimodo.app.backups.restores import RestoreOptions, restore_backup
from quantimodo.app.sealed_values import SEALED_COLUMNS, unreadable_values
from quantimodo.app.secret_keys import BadSecretKey, parse_keys
from quantimodo.crypto.age import AgeFailed, BadAgeKey
from quantimodo.crypto.envelope import Envelope
from quantimodo.model.users import NewUser
from quantimodo.ports.stores import Stores
from quantimodo.storage.migrate import shipped
from quantimodo.storage.open import open_stores, sqlite_path
from quantimodo.storage.postgres.snapshots import ProgramFailed, connection_files
from quantimodo.storage.sqlite.snapshots import Occupied
from support.app import PreparedDatabase, settings_for
from support.environment import FrozenClock, SeededEntropy
from support.postgres import Databases, PostgresServer

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY, OTHER_KEY = "A" * 43, "B" * 42 + "A"
MARK = "marked@example.org"
REFUSALS = (BackupRefused, Occupied, BadAgeKey, AgeFailed, BadSecretKey, ProgramFailed)


@dataclass
class Site:
    """A server's database and folder, and where its backups go."""

    url: str
    folder: Path
    search_path: str
    settings: dict[str, str] = field(default_factory=dict)
    tools: Tools = field(init=False)

    def __post_init__(self) -> None:
        self.tools = Tools(
            clock=FrozenClock(NOW), entropy=SeededEntropy(3), search_path=self.search_path
        )

    async def backup(self, name: str = "made.backup", **options: object) -> Path:
        made = self.folder / name
        given = BackupOptions(**options)  # type: ignore[arg-type]
        await create_backup(settings_for(self.url, self.folder), made, given, self.tools)
        return made

    async def restore(self, file: Path, url: str, **settings: str) -> None:
        options = RestoreOptions(
            identities=settings.pop("identities", ""),
            issuer=settings.pop("from_issuer", ""),
            dry_run=bool(settings.pop("dry_run", "")),
        )
        await restore_backup(settings_for(url, self.folder, **settings), file, options, self.tools)


@pytest.fixture
def search_path(engine: str, request: pytest.FixtureRequest) -> str:
    """Where the programs are that fit the test's PostgreSQL."""
    if engine == "sqlite":
        return ""
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return str(server.programs)


@pytest.fixture
def new_database_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of a database that is not there yet."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path}/restored/quantimodo.db"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


@pytest.fixture
async def site(
    database_url: str,
    stores: Stores,
    search_path: str,
    tmp_path: Path,
    prepared_database: PreparedDatabase,
) -> Site:
    """With a person and a signing key."""
    await stores.keys.add_signing_key(prepared_database.keys[0], replaces=None)
    await add_person(stores, MARK)
    return Site(database_url, tmp_path, search_path)


async def add_person(stores: Stores, email: str) -> None:
    newcomer = NewUser(subject=f"sub {email}", name="Ann Example", email=email, created_at=NOW)
    await stores.users.add_user(newcomer, f"hash of {email}")


async def people(url: str) -> dict[str, str]:
    """Each person's address with the password hash, of which both are written by one operation."""
    found, opened = {}, await open_stores(url)
    page = await opened.users.users()
    while page:
        for user in page:
            found[user.email or ""] = await opened.users.password_hash(user.id) or "lost"
        page = await opened.users.users(after=page[-1].id)
    await opened.close()
    return found


async def test_a_backup_has_every_write_acknowledged_before_it_began(
    site: Site, stores: Stores, new_database_url: str
) -> None:
    """The writers write before, while and after it is made; what is restored is consistent."""
    acknowledged, numbers, ended = [MARK], count(), asyncio.Event()

    async def write() -> None:
        while not ended.is_set():
            email = f"person-{next(numbers)}@example.org"
            await add_person(stores, email)
            acknowledged.append(email)

    writers = [asyncio.create_task(write()) for _ in range(4)]
    while len(acknowledged) < 200:
        await asyncio.sleep(0)
    before = list(acknowledged)
    made = await site.backup()
    ended.set()
    await asyncio.gather(*writers)
    await site.restore(made, new_database_url)
    if (path := sqlite_path(new_database_url)) is not None:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [each.name for each in path.parent.iterdir()] == [path.name]
    found = await people(new_database_url)
    assert set(before) <= set(found)
    assert found == {email: f"hash of {email}" for email in found}
    with made.open("rb") as file:
        manifest = BackupFile(file).manifest
    envelope = Envelope(parse_keys(KEY), SeededEntropy(1))
    assert await unreadable_values(new_database_url, envelope) == []
    assert (manifest.made_at, manifest.issuer) == (NOW, "https://id.example.org")
    assert [name for _, name, _ in manifest.migrations] == [step.name for step in shipped("sqlite")]


async def test_a_backup_is_readable_by_its_owner_and_leaves_nothing_beside_it(site: Site) -> None:
    before = {each.name for each in site.folder.iterdir()}
    made = await site.backup()
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert {each.name for each in site.folder.iterdir()} - before == {made.name}
    assert KEY.encode() not in made.read_bytes()
    with tarfile.open(made) as archive:  # documented: any tar program reads it
        assert archive.getnames() == ["manifest.json", "database"]


async def test_a_backup_is_recorded_in_the_database_that_it_saved(
    site: Site, database_url: str
) -> None:
    made = await site.backup()
    stores = await open_stores(database_url)
    try:
        assert await stores.server_state.last_backup() == NOW
    finally:
        await stores.close()
    assert made.exists()


async def test_an_encrypted_backup_is_restored_with_its_secret_key_on_a_new_machine(
    site: Site, new_database_url: str
) -> None:
    identity = x25519.Identity.generate()
    made = await site.backup(recipients=(str(identity.to_public()),), with_secret_key=True)
    assert MARK.encode() not in made.read_bytes()
    key_file = site.folder / "new machine" / "secret.key"
    place = {"secret_key": "", "secret_file": str(key_file)}
    wrong = str(x25519.Identity.generate())
    for refused in ({}, {"identities": wrong}, {"identities": "no key"}):
        with pytest.raises(REFUSALS):
            await site.restore(made, new_database_url, **place, **refused)
        assert not key_file.exists()
    text = f"# a comment\n{identity}\n"
    await site.restore(made, new_database_url, **place, identities=text)
    assert MARK in await people(new_database_url)
    assert key_file.read_text() == f"{KEY}\n"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def changed(made: Path, **changes: object) -> Path:
    """The backup with another manifest, as if it had been made so."""
    envelope = Envelope(parse_keys(KEY), SeededEntropy(1))
    result = made.with_name("changed.backup")
    with made.open("rb") as file, result.open("wb") as copy:
        backup = BackupFile(file)
        manifest = msgspec.structs.replace(backup.manifest, **changes)
        _write(copy, authenticated(manifest, envelope), backup)
    return result


def _write(copy: IO[bytes], manifest: Manifest, backup: BackupFile) -> None:
    parts = {"manifest.json": msgspec.json.encode(manifest)}
    parts |= {name: backup.open(name).read() for name in manifest.parts}
    with tarfile.open(fileobj=copy, mode="w") as archive:
        for name, content in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, BytesIO(content))


def damaged(made: Path) -> Path:
    result = made.with_name("damaged.backup")
    content = bytearray(made.read_bytes())
    content[len(content) // 2] ^= 1
    result.write_bytes(content)
    return result


def forged(made: Path) -> Path:
    """With a manifest that another party wrote: its checksums fit, its authentication does not."""
    result = made.with_name("forged.backup")
    with made.open("rb") as file, result.open("wb") as copy:
        backup = BackupFile(file)
        _write(copy, msgspec.structs.replace(backup.manifest, made_by="9"), backup)
    return result


def cut_off(made: Path) -> Path:
    result = made.with_name("cut.backup")
    result.write_bytes(made.read_bytes()[:3000])
    return result


def another_file(made: Path) -> Path:
    result = made.with_name("another.backup")
    result.write_bytes(b"SQLite format 3\0" * 100)
    return result


def newer_schema(made: Path) -> Path:
    with made.open("rb") as file:
        migrations = BackupFile(file).manifest.migrations
    return changed(made, migrations=(*migrations, (999, "later", "0" * 64)))


def same(made: Path) -> Path:
    return made


# What is restored, by which settings, and what the refusal says.
REFUSED: list[tuple[Callable[[Path], Path], dict[str, str], str]] = [
    (newer_schema, {}, "newer version"),
    (lambda made: changed(made, version=2), {}, "newer version"),
    (lambda made: changed(made, engine="other"), {}, "manifest is damaged"),
    (
        same,
        {"issuer": "https://other.example.org"},
        "issuer 'https://id.example.org', and this server is https://other.example.org.*--from-iss",
    ),
    (same, {"secret_key": OTHER_KEY}, "Put the key of that time into the secret file"),
    (same, {"secret_key": ""}, "there is no secret key"),
    (damaged, {}, "checksum"),
    (forged, {}, "authentication is wrong"),
    (cut_off, {}, "cut off"),
    (another_file, {}, "no backup of quantimodo"),
]


async def test_a_restore_that_is_refused_changes_nothing(
    site: Site, stores: Stores, database_url: str, new_database_url: str
) -> None:
    made = await site.backup()
    for file, settings, text in REFUSED:
        with pytest.raises(REFUSALS, match=text):
            await site.restore(file(made), new_database_url, **settings)
    before = await people(database_url)
    with pytest.raises(Occupied):
        await site.restore(made, database_url)
    assert await people(database_url) == before
    await site.restore(made, new_database_url, dry_run="yes")
    assert sqlite_path(new_database_url) is None or not list(
        Path(new_database_url[10:]).parent.iterdir()
    )
    # Each refusal left the place empty; a backup of another issuer is restored on request.
    moved = {"issuer": "https://other.example.org", "from_issuer": "https://id.example.org"}
    await site.restore(made, new_database_url, **moved)
    assert await people(new_database_url) == before


async def test_a_backup_that_is_refused_leaves_no_file(site: Site) -> None:
    made = await site.backup()
    content = made.read_bytes()
    missing = site.folder / "missing" / "x.backup"
    refusals: list[tuple[Path, dict[str, object], dict[str, str], str]] = [
        (made, {}, {}, "already"),
        (missing, {}, {}, "no folder"),
        (site.folder / "x", {"with_secret_key": True}, {}, "--encrypt-to"),
        (site.folder / "x", {"recipients": ("age1none",)}, {}, "public key of age"),
        (site.folder / "x", {}, {"secret_key": ""}, "there is no secret key"),
    ]
    for target, options, settings, text in refusals:
        with pytest.raises(REFUSALS, match=text):
            await create_backup(
                settings_for(site.url, site.folder, **settings),
                target,
                BackupOptions(**options),  # type: ignore[arg-type]
                site.tools,
            )
    assert made.read_bytes() == content
    assert not (site.folder / "x").exists()


async def test_files_of_an_old_sqlite_database_are_not_mixed_with_a_restored_one(
    stores: Stores, sqlite_url: str, tmp_path: Path
) -> None:
    site = Site(sqlite_url, tmp_path, "")
    made = await site.backup()
    (tmp_path / "place.db-wal").write_bytes(b"old")
    with pytest.raises(Occupied, match=r"place\.db-wal"):
        await site.restore(made, f"sqlite:///{tmp_path}/place.db")


@pytest.mark.postgres
async def test_a_dump_that_fails_in_the_middle_leaves_the_database_empty(
    postgres_url: str,
    postgres_databases: Databases,
    postgres_server: PostgresServer,
    empty_postgres_url: str,
    tmp_path: Path,
) -> None:
    """The foreign key of the dump cannot be restored: a row of its table belongs to nothing."""
    connection = await asyncpg.connect(postgres_url)
    broken = "INSERT INTO passwords (user_id, hash, changed_at) VALUES (7, 'h', 0)"
    await connection.execute(f"SET session_replication_role = replica; {broken}")
    site = Site(postgres_url, tmp_path, str(postgres_server.programs))
    made = await site.backup()
    with pytest.raises(ProgramFailed, match="pg_restore failed"):
        await site.restore(made, empty_postgres_url)
    await site.restore(changed(made), empty_postgres_url, dry_run="yes")  # it is still empty
    with pytest.raises(ProgramFailed, match="pg_dump is not on the PATH"):
        await Site(postgres_url, tmp_path, "").backup("another.backup")
    assert not (tmp_path / "another.backup").exists()
    await connection.close()


PLACES = [
    (
        "postgresql://ann:p%40ss%3Aw%5Crd@db.example.org:5433/main?sslmode=verify-full",
        ["host=db.example.org", "port=5433", "user=ann", "dbname=main", "sslmode=verify-full"],
        "*:*:*:*:p@ss\\:w\\\\rd\n",
    ),
    ("postgresql://ann@/main?host=/run/pg", ["host=/run/pg", "user=ann", "dbname=main"], ""),
    (
        "postgres://a,[2001:db8::1]:7/main?user=ann&password=x%20y&search_path=a%20b",
        [
            "host=a,2001:db8::1",
            "port=,7",
            "user=ann",
            "dbname=main",
            "options=-c search_path=a\\ b",
        ],
        "*:*:*:*:x y\n",
    ),
]


def test_programs_get_the_address_and_the_password_by_files_alone() -> None:
    for url, lines, password in PLACES:
        service, passwords = connection_files(url)
        first, *rest = service.splitlines()
        assert (first, sorted(rest), passwords) == ("[quantimodo]", sorted(lines), password)
    with pytest.raises(ProgramFailed):
        connection_files("postgresql://ann:a%0Ab@db.example.org/main")


# Values that live for minutes: a restored server does not need them.
SHORT_LIVED = {
    ("login_states", "sealed"),
    ("totp_enrolments", "sealed_secret"),
    ("device_authorizations", "sealed"),
}


def test_every_encrypted_column_is_checked(migrated_file: Path) -> None:
    with closing(apsw.Connection(str(migrated_file))) as database:
        columns = database.execute(
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
            " WHERE m.type = 'table' AND c.name LIKE 'sealed%'"
        ).fetchall()
    checked = {(table, column) for table, _, column in SEALED_COLUMNS}
    assert checked | SHORT_LIVED == set(columns)


async def test_values_under_another_key_are_counted(site: Site, database_url: str) -> None:
    envelope = Envelope(parse_keys(OTHER_KEY), SeededEntropy(1))
    (line,) = await unreadable_values(database_url, envelope)
    assert line.startswith("1 signing key cannot be decrypted")
