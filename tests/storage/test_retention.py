"""`RetentionStore`: only what has expired is deleted, oldest first, and never more than asked."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from samples import (
    LATER,
    NOW,
    SIGNER,
    SUCCESSOR_NONCE,
    Samples,
    access_token,
    access_token_of,
    client,
    code_of,
    consent,
    data_deletion_request,
    device_authorization,
    email_token,
    exchanged_token,
    identity,
    key,
    login_code,
    login_state,
    new_passkey,
    new_user,
    pending_login,
    personal_token,
    refresh_token,
    session,
    signing_key,
    totp_enrolment,
    totp_factor,
    trusted_browser,
    used_challenge,
)

from quantimodo.model.admin_actions import AdminAction, LogQuery
from quantimodo.model.alerts import Alert
from quantimodo.model.announcements import NewAnnouncement
from quantimodo.model.client_log import ClientRefusal
from quantimodo.model.client_members import ClientInvitation
from quantimodo.model.consents import StoredRequest
from quantimodo.model.events import Event
from quantimodo.model.factor_recoveries import FactorRecovery
from quantimodo.model.invitations import NewInvitation
from quantimodo.model.measurements import Access
from quantimodo.model.passkeys import PasskeyUse
from quantimodo.model.provider_sessions import ProviderSession
from quantimodo.model.registrations import RegistrationToken
from quantimodo.model.server_state import ProviderState
from quantimodo.model.sessions import LogoutRecipient
from quantimodo.ports.stores import SignInEnded, Stores

_DAY = timedelta(days=1)
ISSUER = "https://provider.example.org"
_MICROSECOND = timedelta(microseconds=1)

Add = Callable[[Stores, Samples, str, datetime], Awaitable[None]]
Has = Callable[[Stores, str], Awaitable[bool]]


async def _add_session(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    await stores.sessions.add_session(session(name, await samples.user(), expires_at=dies_at), None)


async def _has_session(stores: Stores, name: str) -> bool:
    return await stores.sessions.session(key(name)) is not None


async def _add_participant(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session(name, person), None)
    grant = await samples.unsaved_grant(person, sid=f"sid of {name}")
    # A day longer than its session, so that the due notifications are sent.
    taking_part = LogoutRecipient(
        sid=f"sid of {name}",
        client_id=grant.client_id,
        user_id=person.id,
        subject=person.subject,
        at=NOW,
        expires_at=dies_at - _DAY,
    )
    assert await stores.authorizations.add_grant(grant, None, None, taking_part)


async def _has_participant(stores: Stores, name: str) -> bool:
    return bool(await stores.logout_recipients.logout_recipients(f"sid of {name}"))


async def _add_email_token(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    await stores.email_tokens.add_email_token(email_token(name, expires_at=dies_at))


async def _has_email_token(stores: Stores, name: str) -> bool:
    return await stores.email_tokens.email_token(key(name)) is not None


async def _add_throttle(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    began = NOW - 500 * _DAY
    await stores.throttles.hit(key(name), dies_at - began, began)


async def _has_throttle(stores: Stores, name: str) -> bool:
    return await stores.throttles.hits(key(name), NOW - 500 * _DAY) > 0


async def _add_request(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    await stores.authorizations.add_request(
        StoredRequest(
            key=key(name), client_id="c", parameters=(), created_at=NOW, expires_at=dies_at
        )
    )


async def _has_request(stores: Stores, name: str) -> bool:
    return await stores.authorizations.request(key(name)) is not None


async def _add_code(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    grant = await samples.unsaved_grant()
    # A day longer than it can be redeemed, so that its second use is recognised.
    assert await stores.authorizations.add_grant(
        grant, code_of(grant, name, expires_at=dies_at - _DAY)
    )


async def _has_code(stores: Stores, name: str) -> bool:
    return await stores.tokens.authorization_code(key(name)) is not None


async def _add_access(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    token = access_token((await samples.client()).id, name, expires_at=dies_at)
    await stores.tokens.add_access_token(token)


async def _has_access(stores: Stores, name: str) -> bool:
    return await stores.tokens.access_token(key(name)) is not None


async def _add_refresh(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    grant = await samples.grant()
    # Stored for its lifetime once more, so that it can return its successor (v2-api.md §6).
    lifetime = {"issued_at": dies_at - 2 * _DAY, "expires_at": dies_at - _DAY}
    token = refresh_token(grant, name, **lifetime)
    assert await stores.tokens.redeem(code_of(grant), NOW, None, token)


async def _has_refresh(stores: Stores, name: str) -> bool:
    return await stores.tokens.refresh_token(key(name)) is not None


async def _add_grant(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    grant = await samples.unsaved_grant(expires_at=dies_at)
    code = code_of(grant, name)
    assert await stores.authorizations.add_grant(grant, code)


async def _add_mail(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    await stores.mails.add_mail(name.encode(), NOW, dies_at)


async def _has_mail(stores: Stores, name: str) -> bool:
    return name.encode() in [sealed for _, sealed, _ in await stores.mails.recent_mail(100)]


async def _add_event(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    person = await samples.user()
    await stores.events.add_events([Event(at=dies_at - 400 * _DAY, kind=name, user_id=person.id)])


async def _has_event(stores: Stores, name: str) -> bool:
    people = await stores.users.users()
    events = [event for each in people for event in await stores.events.events_of(each.id, 100)]
    return name in [event.kind for event in events]


async def _add_admin_action(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    await stores.logs.add_admin_action(AdminAction(at=dies_at - 400 * _DAY, kind=name))


async def _has_admin_action(stores: Stores, name: str) -> bool:
    page = await stores.logs.search_admin_actions(LogQuery(kind=name), 100)
    return bool(page.items)


async def _add_lease(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    began = NOW - 500 * _DAY
    assert await stores.leases.lease(name, "holder", dies_at - began, began)


async def _has_lease(stores: Stores, name: str) -> bool:
    return not await stores.leases.lease(name, "another", _MICROSECOND, NOW - 500 * _DAY)


async def _add_key(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    kids = [found.kid for found in await stores.keys.signing_keys()]
    added = signing_key(name, active_at=NOW + len(kids) * _DAY)
    assert await stores.keys.add_signing_key(added, kids[-1] if kids else None)
    assert await stores.keys.retire_signing_key(name, dies_at)


async def _has_key(stores: Stores, name: str) -> bool:
    return name in [found.kid for found in await stores.keys.signing_keys()]


async def _add_personal(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session(f"of {name}", person), None)
    token = personal_token(person, name, created_at=NOW - 60 * _DAY, expires_at=dies_at)
    assert await stores.personal_tokens.add_personal_token(token, key(f"of {name}"), 5)


async def _has_personal(stores: Stores, name: str) -> bool:
    return await stores.personal_tokens.personal_token(key(f"token {name}")) is not None


async def _add_exchanged(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    grant = await samples.grant(expires_at=NOW + 90 * _DAY)
    await stores.tokens.add_access_token(access_token_of(grant, name, expires_at=NOW + 90 * _DAY))
    token = exchanged_token(grant, name, expires_at=dies_at)
    await stores.exchanged_tokens.add_exchanged_token(token)


async def _has_exchanged(stores: Stores, name: str) -> bool:
    found = await stores.exchanged_tokens.exchanged_token(key(f"exchanged {name}"))
    return found is not None


async def _add_jwt(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    if await stores.clients.client("app") is None:
        await stores.clients.add_client(replace(await samples.client(), id="app"))
    await stores.tokens.revoke_jwt(name, dies_at)


async def _has_jwt(stores: Stores, name: str) -> bool:
    return await stores.tokens.token_status(name, "app", None) is None


async def _add_device(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    # An hour longer than its code, so that a late poll gets the right error.
    device = device_authorization(name, expires_at=dies_at - timedelta(hours=1))
    await stores.device_authorizations.add_device_authorization(device)


async def _has_device(stores: Stores, name: str) -> bool:
    return await stores.device_authorizations.device_authorization(key(name)) is not None


async def _add_login_state(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    await stores.login_states.add_login_state(login_state(name, expires_at=dies_at))


async def _has_login_state(stores: Stores, name: str) -> bool:
    found = await stores.login_states.take_login_state(key(name))
    if found is not None:
        await stores.login_states.add_login_state(found)
    return found is not None


async def _add_login_code(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    # As a code: its second use is recognised for a day.
    await stores.login_codes.add_login_code(login_code(name, expires_at=dies_at - _DAY))


async def _has_login_code(stores: Stores, name: str) -> bool:
    return await stores.login_codes.login_code(key(name)) is not None


async def _add_ended_sign_in(
    stores: Stores, samples: Samples, name: str, dies_at: datetime
) -> None:
    await stores.identities.end_identity(ISSUER, name, dies_at - 30 * _DAY)


async def _has_ended_sign_in(stores: Stores, name: str) -> bool:
    try:
        person = new_user(f"of {name}")
        await stores.identities.add_user_with_identity(
            person, identity(name, stated_at=NOW - 4000 * _DAY)
        )
    except SignInEnded:
        return True
    return False


async def _add_replay(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    assert await stores.replays.use_once(key(name), dies_at, SIGNER)


async def _has_replay(stores: Stores, name: str) -> bool:
    return not await stores.replays.use_once(key(name), NOW + 4000 * _DAY, SIGNER)


async def _add_erasure(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    await stores.data_deletion_requests.add_data_deletion_request(
        data_deletion_request(name, expires_at=dies_at)
    )


async def _has_erasure(stores: Stores, name: str) -> bool:
    return await stores.data_deletion_requests.data_deletion_request(name) is not None


async def _add_access_note(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    at = dies_at - 400 * _DAY
    user_id = (await samples.user()).id
    noted = Access(user_id=user_id, client_id=name, action="read", first_at=at, last_at=at)
    await stores.accesses.add_accesses([noted])


async def _has_access_note(stores: Stores, name: str) -> bool:
    noted = [
        each for user_id in range(1, 200) for each in await stores.accesses.accesses_of(user_id)
    ]
    return name in [access.client_id for _, access in noted]


async def _add_refusal(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    client_id = (await samples.client()).id
    refusal = ClientRefusal(
        client_id=client_id, at=dies_at - 14 * _DAY, endpoint="token", code="x", incident=name
    )
    await stores.client_log.add_to_client_log([refusal], [], 9)


async def _has_refusal(stores: Stores, name: str) -> bool:
    found = [
        each
        for client in await stores.clients.clients()
        for each in await stores.client_log.client_refusals(client.id)
    ]
    return name in [refusal.incident for _, refusal in found]


async def _add_idle(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    await stores.clients.add_client(client(f"idle-{name}"), dies_at)


async def _has_idle(stores: Stores, name: str) -> bool:
    return await stores.clients.client(f"idle-{name}") is not None


async def _add_invitation(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    owner = await samples.user()
    made = await samples.client(owner_id=owner.id)
    invitation = ClientInvitation(
        key=key(name),
        client_id=made.id,
        email=f"{name}@example.org",
        role="developer",
        invited_by=owner.id,
        created_at=NOW - 500 * _DAY,
        expires_at=dies_at,
    )
    assert await stores.teams.save_invitation(invitation, 1)


async def _has_invitation(stores: Stores, name: str) -> bool:
    return await stores.teams.invitation(key(name)) is not None


async def _add_account_invitation(
    stores: Stores, samples: Samples, name: str, dies_at: datetime
) -> None:
    # It stays two weeks longer than it is valid, so that the operator sees it.
    invitation = NewInvitation(
        key=key(name),
        email=f"{name}@example.org",
        name=name,
        invited_by=None,
        created_at=NOW - 500 * _DAY,
        expires_at=dies_at - 14 * _DAY,
    )
    assert await stores.invitations.save_invitation(invitation, 9)


async def _has_account_invitation(stores: Stores, name: str) -> bool:
    return await stores.invitations.invitation(key(name)) is not None


async def _add_announcement(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    # A month longer than it is shown.
    announcement = NewAnnouncement(
        level="info",
        audience="everyone",
        texts={"en": name},
        link="",
        starts_at=NOW - 500 * _DAY,
        ends_at=dies_at - 30 * _DAY,
        created_at=NOW,
    )
    assert await stores.announcements.add_announcement(announcement, 9) is not None


async def _has_announcement(stores: Stores, name: str) -> bool:
    found = await stores.announcements.announcements(NOW - 4000 * _DAY, 99)
    return name in [each.texts["en"] for each in found]


async def _add_leave(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    await stores.registrations.add_registration_token(
        RegistrationToken(
            key=key(name), label=name, uses_left=1, created_at=NOW, expires_at=dies_at
        )
    )


async def _has_leave(stores: Stores, name: str) -> bool:
    return name in [token.label for token in await stores.registrations.registration_tokens()]


async def _add_pending_login(
    stores: Stores, samples: Samples, name: str, dies_at: datetime
) -> None:
    await stores.pending_logins.add_pending_login(
        pending_login(name, await samples.user(), expires_at=dies_at)
    )


async def _add_factor_recovery(
    stores: Stores, samples: Samples, name: str, dies_at: datetime
) -> None:
    person = await samples.user(email=f"{name}@example.org")
    await stores.second_factors.save_totp_enrolment(totp_enrolment(person))
    assert await stores.second_factors.confirm_totp_enrolment(totp_factor(person), [], None)
    recovery = FactorRecovery(
        user_id=person.id, requested_at=NOW - 500 * _DAY, due_at=dies_at, expires_at=dies_at
    )
    assert await stores.factor_recoveries.add_factor_recovery(recovery)


async def _has_factor_recovery(stores: Stores, name: str) -> bool:
    person = await stores.users.user_by_email(f"{name}@example.org")
    assert person is not None
    return await stores.factor_recoveries.factor_recovery(person.id) is not None


async def _add_trusted_browser(
    stores: Stores, samples: Samples, name: str, dies_at: datetime
) -> None:
    browser = trusted_browser(name, await samples.user(), expires_at=dies_at)
    assert await stores.trusted_browsers.add_trusted_browser(browser, NOW)


async def _has_trusted_browser(stores: Stores, name: str) -> bool:
    return await stores.trusted_browsers.trusted_browser(key(name)) is not None


async def _has_pending_login(stores: Stores, name: str) -> bool:
    return await stores.pending_logins.pending_login(key(name)) is not None


async def _add_totp_enrolment(
    stores: Stores, samples: Samples, name: str, dies_at: datetime
) -> None:
    enrolment = replace(totp_enrolment(await samples.user(), name), expires_at=dies_at)
    await stores.second_factors.save_totp_enrolment(enrolment)


async def _has_totp_enrolment(stores: Stores, name: str) -> bool:
    found = [await stores.second_factors.totp_enrolment(user_id) for user_id in range(1, 20)]
    return key(name) in [enrolment.sealed_secret for enrolment in found if enrolment is not None]


async def _add_used_challenge(
    stores: Stores, samples: Samples, name: str, dies_at: datetime
) -> None:
    person = await samples.user()
    await stores.sessions.add_session(session(f"of {name}", person), None)
    added = new_passkey(person, f"passkey {name}")
    challenge = used_challenge(name, dies_at)
    assert await stores.passkeys.add_passkey(added, challenge, key(f"of {name}"), 5)


async def _has_used_challenge(stores: Stores, name: str) -> bool:
    # The passkey does not exist, so only the challenge decides.
    use = await stores.passkeys.use_passkey(
        0, used_challenge(name, LATER), sign_count=1, backed_up=False, at=NOW
    )
    return use is PasskeyUse.REPLAYED


async def _add_provider_session(
    stores: Stores, samples: Samples, name: str, dies_at: datetime
) -> None:
    began = ProviderSession(
        provider="sample", issuer="https://provider.example.org", subject="1", sid="", began_at=NOW
    )
    added = session(name, await samples.user(), sid=name, expires_at=dies_at)
    await stores.sessions.add_session(added, None, began)


async def _has_provider_session(stores: Stores, name: str) -> bool:
    return await stores.provider_sessions.provider_session(name) is not None


async def _add_app_event(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    added = await samples.client()
    await stores.app_events.set_polled(added.id, True)
    grant = await samples.grant(client_id=added.id)
    # Kept for 30 days.
    assert await stores.tokens.revoke_grant(grant.id, dies_at - 30 * _DAY)
    _CLIENTS_OF_EVENTS[name] = added.id


async def _has_app_event(stores: Stores, name: str) -> bool:
    found = await stores.app_events.events_after(_CLIENTS_OF_EVENTS[name], 0, 10)
    return "grant.revoked" in {each.kind for each in found}


async def _add_outcome(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    # Kept for 400 days.
    at = dies_at - 400 * _DAY
    seen = ProviderState(provider=name, succeeded_at=at - _DAY, failed_at=at, failures=1)
    await stores.server_state.add_provider_outcomes([seen])


async def _has_outcome(stores: Stores, name: str) -> bool:
    return name in [each.provider for each in await stores.server_state.provider_states()]


async def _add_alert(stores: Stores, samples: Samples, name: str, dies_at: datetime) -> None:
    # Kept for 90 days after its end.
    ended_at = dies_at - 90 * _DAY
    alert = Alert(
        name=name,
        severity="fault",
        text="",
        kind="resolved",
        raised_at=ended_at - 400 * _DAY,
        resolved_at=ended_at,
    )
    assert await stores.alerts.save_alert(alert)


async def _has_alert(stores: Stores, name: str) -> bool:
    return name in [each.name for each in await stores.alerts.alerts()]


_CLIENTS_OF_EVENTS: dict[str, str] = {}
_TABLES: dict[str, tuple[Add, Has]] = {
    "provider_sessions": (_add_provider_session, _has_provider_session),
    "used_challenges": (_add_used_challenge, _has_used_challenge),
    "totp_enrolments": (_add_totp_enrolment, _has_totp_enrolment),
    "pending_logins": (_add_pending_login, _has_pending_login),
    "trusted_browsers": (_add_trusted_browser, _has_trusted_browser),
    "factor_recoveries": (_add_factor_recovery, _has_factor_recovery),
    "sessions": (_add_session, _has_session),
    "session_clients": (_add_participant, _has_participant),
    "email_tokens": (_add_email_token, _has_email_token),
    "throttles": (_add_throttle, _has_throttle),
    "authorization_requests": (_add_request, _has_request),
    "device_authorizations": (_add_device, _has_device),
    "codes": (_add_code, _has_code),
    "access_tokens": (_add_access, _has_access),
    "refresh_tokens": (_add_refresh, _has_refresh),
    "grants": (_add_grant, _has_code),
    "exchanged_tokens": (_add_exchanged, _has_exchanged),
    "personal_tokens": (_add_personal, _has_personal),
    "revoked_jwts": (_add_jwt, _has_jwt),
    "login_states": (_add_login_state, _has_login_state),
    "ended_sign_ins": (_add_ended_sign_in, _has_ended_sign_in),
    "login_codes": (_add_login_code, _has_login_code),
    "replays": (_add_replay, _has_replay),
    "clients": (_add_idle, _has_idle),
    "client_invitations": (_add_invitation, _has_invitation),
    "announcements": (_add_announcement, _has_announcement),
    "account_invitations": (_add_account_invitation, _has_account_invitation),
    "registration_tokens": (_add_leave, _has_leave),
    "data_deletion_requests": (_add_erasure, _has_erasure),
    "mails": (_add_mail, _has_mail),
    "app_events": (_add_app_event, _has_app_event),
    "events": (_add_event, _has_event),
    "accesses": (_add_access_note, _has_access_note),
    "admin_actions": (_add_admin_action, _has_admin_action),
    "client_requests": (_add_refusal, _has_refusal),
    "leases": (_add_lease, _has_lease),
    "alerts": (_add_alert, _has_alert),
    "provider_outcomes": (_add_outcome, _has_outcome),
    "signing_keys": (_add_key, _has_key),
}


async def test_every_table_with_expiry_is_tested_here(stores: Stores) -> None:
    # What is swept of `unproven_clients` shows in `clients`: test_store_of_registrations.py. Rows
    # of `client_days` end with a whole day: test_store_of_client_log.py. Those of `token_minutes`
    # end with a minute: test_store_of_server_state.py. `hour_counts` and `day_counts`:
    # test_store_of_server_counts.py.
    elsewhere = {"unused_clients", "client_days", "client_usage", "token_minutes"}
    elsewhere |= {"hour_counts", "day_counts"}
    assert set(stores.retention.expiring_tables) == set(_TABLES) | elsewhere


@pytest.mark.parametrize("table", _TABLES)
async def test_expired_rows_are_deleted_and_all_others_stay(
    stores: Stores, samples: Samples, table: str
) -> None:
    add, has = _TABLES[table]
    ages = {"long dead": -30 * _DAY, "dead now": 0 * _DAY, "alive": _MICROSECOND, "young": _DAY}
    for name, age in ages.items():
        await add(stores, samples, name, NOW + age)
    assert all([await has(stores, name) for name in ages])
    assert await stores.retention.delete_expired(table, NOW, 100) == 2
    assert await stores.retention.delete_expired(table, NOW, 100) == 0
    assert [name for name in ages if await has(stores, name)] == ["alive", "young"]


@pytest.mark.parametrize("table", _TABLES)
async def test_no_more_go_than_asked_and_all_in_the_end(
    stores: Stores, samples: Samples, table: str
) -> None:
    add, _ = _TABLES[table]
    for number in range(5):
        await add(stores, samples, f"dead {number}", NOW - _DAY)
    assert await stores.retention.delete_expired(table, NOW, 2) == 2
    assert await stores.retention.delete_expired(table, NOW, 2) == 2
    assert await stores.retention.delete_expired(table, NOW, 2) == 1
    assert await stores.retention.delete_expired(table, NOW, 2) == 0


async def test_a_key_that_is_not_retired_is_never_deleted(stores: Stores) -> None:
    assert await stores.keys.add_signing_key(signing_key("k"), None)
    assert await stores.retention.delete_expired("signing_keys", NOW + 4000 * _DAY, 100) == 0


async def test_a_spent_token_is_kept_until_it_expires(stores: Stores, samples: Samples) -> None:
    grant = await samples.grant()
    first = await samples.refresh_token(grant)
    assert await stores.tokens.rotate(
        first, NOW, SUCCESSOR_NONCE, None, refresh_token(grant, "successor")
    )
    assert (
        await stores.retention.delete_expired(
            "refresh_tokens", first.expires_at - _MICROSECOND, 100
        )
        == 0
    )
    found = await stores.tokens.refresh_token(first.key)
    assert found is not None
    assert found.spent_at == NOW


async def test_a_consent_and_a_person_never_expire(stores: Stores, samples: Samples) -> None:
    person, application = await samples.user(), await samples.client()
    await stores.identities.add_identity(person.id, identity("s"))
    await stores.authorizations.save_consent(consent(person, application.id, "basic"))
    for table in stores.retention.expiring_tables:
        await stores.retention.delete_expired(table, NOW + 4000 * _DAY, 100)
    assert await stores.authorizations.consent(person.id, application.id) is not None
    assert len(await stores.identities.identities_of(person.id)) == 1
