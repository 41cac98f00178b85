"""/account/export: a person exports everything of the account, and nothing of another account."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from quantimodo.i18n.translation import in_language, translated
from quantimodo.measurements.csv_import import parse_csv
from quantimodo.measurements.payloads import SentMeasurement, SentSet
from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.model.languages import LANGUAGES
from quantimodo.model.measurements import Access
from quantimodo.model.users import User
from support.account_services import PASSWORD, profile_of
from support.page_site import Site, Visitor

EXPORT = "/account/export"
SETS = [
    SentSet(
        measurements=[
            SentMeasurement(start_time=1_795_000_000 + 60 * at, value=at % 5 + 1, note=note)
            for at, note in enumerate(["", "=1+1", "two\nlines", 'a "quote", and ünï', " padded "])
        ],
        variable_name="Sleep Quality",
        variable_category_name="Sleep",
        abbreviated_unit_name="/5",
        source_name="-dash",
    ),
    SentSet(measurements=[], variable_name="Weight", abbreviated_unit_name="kg"),
    SentSet(
        measurements=[SentMeasurement(start_time=1_795_000_000, value=150.5)],
        variable_name="Weight",
        abbreviated_unit_name="lb",
    ),
]


async def fill(site: Site, user: User) -> None:
    """Something in every file of the export."""
    await site.pages.measurement_service.save(user.id, SETS)
    client = await site.register(user)
    await site.allow(user, client, "basic", "readmeasurements")
    now = site.services.clock.now()
    looked = Access(
        user_id=user.id,
        client_id=client.id,
        action="read",
        first_at=now,
        last_at=now,
        variable="Sleep Quality",
        measurements=5,
    )
    await site.services.stores.accesses.add_accesses([looked])
    await site.services.social.admit(
        profile_of(email=user.email, email_verified=True, email_authoritative=True),
        address="192.0.2.9",
    )
    await site.services.audit.flush()


async def download(visitor: Visitor) -> tuple[httpx.Response, Mapping[str, bytes]]:
    response = await visitor.submit(EXPORT)
    assert response.status_code == 200
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        return response, {name: archive.read(name) for name in archive.namelist()}


async def test_the_file_has_everything_of_the_person(site: Site, ann: Visitor, user: User) -> None:
    bobs = await site.register(await site.services.member("bob@example.org"), name="Of Bob")
    joined_at = site.services.clock.now()
    await site.services.stores.teams.set_member(bobs.id, user.id, "developer", joined_at)
    await fill(site, user)
    response, files = await download(ann)
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["content-disposition"].startswith('attachment; filename="account-2')
    assert response.headers["cache-control"] == "no-store"
    profile = json.loads(files["account/profile.json"])
    assert (profile["email"], profile["subject"]) == (user.email, user.subject)
    sign_in = json.loads(files["account/sign-in.json"])
    assert sign_in["password"] is True
    (device,) = json.loads(files["account/devices.json"])
    assert "pwd" in device["methods"]
    (consent,) = json.loads(files["applications/consents.json"])
    assert consent["application"]["name"] == "Mood Tracker"
    assert consent["scope"] == ["basic", "readmeasurements"]
    assert [change["kind"] for change in consent["history"]] == ["given"]
    assert json.loads(files["applications/registered.jsonl"])["name"] == "Mood Tracker"
    (membership,) = json.loads(files["applications/teams.json"])
    assert membership["application"] == {"id": bobs.id, "name": "Of Bob"}
    assert membership["role"] == "developer"
    (activity,) = _csv(files["history/activity.csv"])
    assert (activity["Application"], activity["Measurements"]) == ("Mood Tracker", "5")
    assert "session.started" in {row["Event"] for row in _csv(files["history/events.csv"])}
    lines = [json.loads(line) for line in files["measurements/measurements.jsonl"].splitlines()]
    assert [line["note"] for line in lines if line["variable"] == "Sleep Quality"] == [
        "",
        "=1+1",
        "two\nlines",
        'a "quote", and ünï',
        " padded ",
    ]
    variables = [json.loads(line) for line in files["measurements/variables.jsonl"].splitlines()]
    assert [(one["name"], one["unit"], one["measurements"]) for one in variables] == [
        ("Sleep Quality", "/5", 5),
        ("Weight", "kg", 1),
    ]


async def test_the_readme_documents_every_file_and_every_field(
    site: Site, ann: Visitor, user: User
) -> None:
    await fill(site, user)
    _, files = await download(ann)
    text = files.pop("README.txt").decode()
    documented = {
        each.name.partition(" ")[0]: {
            name for names, _ in each.fields for name in names.split(", ")
        }
        for source in site.pages.personal_export.sources
        for each in source.descriptions
    }
    assert documented.keys() == files.keys()
    for name, data in files.items():
        assert name in text
        for field in _fields(name, data):
            assert field in documented[name], (name, field)
            assert f"{field}" in text


async def test_the_readme_is_in_the_language_of_the_person(
    site: Site, ann: Visitor, user: User
) -> None:
    ann.http.headers["accept-language"] = "de"
    _, files = await download(ann)
    text = files["README.txt"].decode()
    assert text.startswith("Export eines Kontos\n\nKonto: ann@example.org\n")
    assert "  password: ob das Konto eines hat.\n" in text
    described = [one for each in site.pages.personal_export.sources for one in each.descriptions]
    with in_language(LANGUAGES["de"]):
        for words in (
            each for one in described for each in (one.about, *dict(one.fields).values())
        ):
            assert translated(words) != words or words == "ISO 8601, in UTC"


async def test_the_csv_is_imported_as_it_was(site: Site, ann: Visitor, user: User) -> None:
    await fill(site, user)
    _, files = await download(ann)
    service = site.pages.measurement_service
    catalogue = await site.pages.references.catalogue()
    other = await site.services.member("other@example.org")
    sheet = parse_csv(files["measurements/measurements-0001.csv"], catalogue)
    await service.save(other.id, sheet.sets)
    assert await _kept(site, other) == await _kept(site, user)


async def test_a_large_export_is_in_files_that_can_be_imported(
    site: Site, ann: Visitor, user: User
) -> None:
    """10,000 rows, or 3 MiB, in each file at most (`pages/forms.py` accepts 4)."""
    note = "a long note, " * 150
    for first in range(0, 2_000, 1_000):
        entries = [
            SentMeasurement(start_time=1_795_000_000 + at, value=1, note=note)
            for at in range(first, first + 1_000)
        ]
        one = SentSet(measurements=entries, variable_name="Mood", abbreviated_unit_name="/5")
        await site.pages.measurement_service.save(user.id, [one])
    _, files = await download(ann)
    sheets = [
        data for name, data in sorted(files.items()) if name.endswith(".csv") and "meas" in name
    ]
    assert len(sheets) == 2
    catalogue = await site.pages.references.catalogue()
    read = [parse_csv(data, catalogue) for data in sheets]
    assert sum(len(each.entries) for sheet in read for each in sheet.sets) == 2_000
    assert all(len(data) < 4 * 1024 * 1024 for data in sheets)


async def test_no_secret_and_no_digest_is_in_the_file(site: Site, ann: Visitor, user: User) -> None:
    await fill(site, user)
    _, files = await download(ann)
    stores = site.services.stores
    everything = b"".join(files.values())
    held = await stores.users.password_hash(user.id)
    assert held is not None
    assert held.encode() not in everything
    assert b"$argon2" not in everything
    assert PASSWORD.encode() not in everything
    for session in await stores.sessions.sessions_of(user.id):
        assert session.key.hex().encode() not in everything
        assert session.sid.encode() not in everything
    for cookie in ann.http.cookies.jar:
        assert cookie.value is not None
        assert cookie.value.encode() not in everything


async def test_nothing_of_another_person_is_in_the_file(
    site: Site, ann: Visitor, user: User
) -> None:
    other = await site.services.member("other@example.org")
    await fill(site, other)
    _, files = await download(ann)
    everything = b"".join(files.values())
    assert b"other@example.org" not in everything
    assert b"Sleep Quality" not in everything
    assert b"Mood Tracker" not in everything


async def test_it_needs_a_recent_sign_in(site: Site, ann: Visitor) -> None:
    fields = await ann.form(EXPORT)
    site.services.clock.advance(timedelta(minutes=11))
    shown, sent = await ann.get(EXPORT), await ann.http.post(EXPORT, data=fields)
    for response in (shown, sent):
        assert response.status_code == 303
        assert response.headers["location"] == "/account/again?return_to=/account/export"
    assert await site.services.emails() == []


async def test_a_stranger_is_sent_to_the_sign_in(visitor: Visitor) -> None:
    assert (await visitor.get(EXPORT)).headers["location"].startswith("/sign-in?")


async def test_the_person_gets_an_email_and_it_is_recorded(
    site: Site, ann: Visitor, user: User
) -> None:
    await download(ann)
    (mail,) = await site.services.emails()
    assert (mail.to, mail.subject) == (user.email, "Your data was exported")
    assert "data.exported" in {event.kind for event in await site.services.events(user)}
    page = await ann.get("/account/security")
    assert "Exported everything in the account" in page.text


async def test_exports_of_one_person_are_limited(site: Site, ann: Visitor) -> None:
    for _ in range(10):
        await download(ann)
    refused = await ann.submit(EXPORT)
    assert refused.status_code == 429
    assert "retry-after" in refused.headers


async def test_a_reader_that_leaves_frees_the_place_of_its_reads(
    site: Site, ann: Visitor, user: User
) -> None:
    await fill(site, user)
    session = await site.services.stores.sessions.sessions_of(user.id)
    chunks = await site.pages.personal_export.begin(session[0])
    await anext(chunks)
    await chunks.aclose()
    assert not site.pages.reads._places
    assert (await download(ann))[0].status_code == 200


def _csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def _fields(name: str, data: bytes) -> set[str]:
    """The columns of a CSV file, or the members of its JSON objects."""
    if name.endswith(".csv"):
        return set(next(csv.reader(io.StringIO(data.decode(), newline=""))))
    documents = [json.loads(line) for line in data.splitlines()] if name.endswith("l") else []
    found: Any = documents or json.loads(data)
    found = found if isinstance(found, list) else [found]
    members = {key for each in found for key in each}
    return members | {
        key for each in found for one in each.get("linkedAccounts", []) for key in one
    }


async def _kept(site: Site, user: User) -> list[tuple[Any, ...]]:
    rows = await site.pages.measurement_service.rows(user.id, MeasurementQuery(limit=100))
    return sorted(
        (
            row.measurement.variable,
            row.source,
            row.start,
            row.value,
            row.unit.abbreviated_name,
            row.measurement.stored_value,
            row.stored_unit.abbreviated_name,
            row.measurement.note,
            row.category,
            row.measurement.combination,
        )
        for row in rows
    )
