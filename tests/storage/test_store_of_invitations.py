"""`InvitationStore`: one invitation for each address, used once, in the call that adds a person."""

import asyncio
from datetime import timedelta

import pytest
from samples import LATER, NOW, SOON, Samples, identity, key, new_user

from quantimodo.model.invitations import Invitation, NewInvitation
from quantimodo.ports.stores import Conflict, Stores

MOST = 3


def invitation(email: str = "bob@example.org", name: str = "", **changes: object) -> NewInvitation:
    values: dict[str, object] = {
        "key": key(f"invitation {email} {name}"),
        "email": email,
        "name": "Bob Example",
        "invited_by": None,
        "created_at": NOW,
        "expires_at": SOON,
    }
    return NewInvitation(**values | changes)  # type: ignore[arg-type]


async def put(stores: Stores, new: NewInvitation) -> Invitation:
    stored = await stores.invitations.save_invitation(new, MOST)
    assert stored is not None
    return stored


async def test_an_address_has_one_invitation(stores: Stores, samples: Samples) -> None:
    root = await samples.user()
    first = await put(stores, invitation(name="first"))
    second = await put(stores, invitation("BOB@example.org", "second", invited_by=root.id))
    assert await stores.invitations.invitation(first.key) is None
    assert await stores.invitations.invitation(second.key) == second
    assert await stores.invitations.invitation_of("bob@EXAMPLE.org") == second
    assert (second.email, second.invited_by, second.sent_at) == ("BOB@example.org", root.id, NOW)
    assert await stores.users.delete_user(root.id, NOW)
    (left,) = await stores.invitations.invitations(None, 9)
    assert (left.id, left.invited_by) == (second.id, None)


async def test_invitations_are_listed_renewed_dropped_and_counted(stores: Stores) -> None:
    sent = [await put(stores, invitation(f"{name}@example.org")) for name in "abc"]
    assert await stores.invitations.save_invitation(invitation("d@example.org"), MOST) is None
    assert await stores.invitations.invitation_of("d@example.org") is None
    again = await put(stores, invitation("b@example.org", "again"))
    listed = await stores.invitations.invitations(None, 2)
    assert [each.email[0] for each in listed] == ["b", "c"]
    (last,) = await stores.invitations.invitations(listed[-1].id, 9)
    assert last == sent[0]
    renewed = await stores.invitations.renew_invitation(again.id, key("new"), SOON, LATER)
    assert renewed is not None
    assert (renewed.key, renewed.sent_at, renewed.expires_at) == (key("new"), SOON, LATER)
    assert renewed.created_at == NOW
    assert await stores.invitations.invitation(again.key) is None
    assert await stores.invitations.delete_invitation(renewed.id) == renewed
    assert await stores.invitations.delete_invitation(renewed.id) is None
    assert await stores.invitations.renew_invitation(renewed.id, key("x"), SOON, LATER) is None


async def test_an_invitation_is_used_once_by_a_password_or_a_provider(stores: Stores) -> None:
    sent = await put(stores, invitation())

    async def by_password(name: str) -> bool:
        try:
            await stores.users.add_user(new_user(name), "a hash", sent.key)
        except Conflict:
            return False
        return True

    async def by_provider(name: str) -> bool:
        person = new_user(name)
        try:
            await stores.identities.add_user_with_identity(person, identity(name), sent.key)
        except Conflict:
            return False
        return True

    tries = [by_password(f"password {n}") for n in range(4)]
    tries += [by_provider(f"provider {n}") for n in range(4)]
    assert sum(await asyncio.gather(*tries)) == 1
    assert len(await stores.users.users()) == 1
    assert await stores.invitations.invitation(sent.key) is None


async def test_an_invitation_that_ended_adds_no_person_and_one_that_fails_is_kept(
    stores: Stores,
) -> None:
    sent = await put(stores, invitation())
    late = new_user("late", created_at=SOON)
    with pytest.raises(Conflict):
        await stores.users.add_user(late, None, sent.key)
    with pytest.raises(Conflict):
        await stores.identities.add_user_with_identity(late, identity("late"), sent.key)
    await stores.users.add_user(new_user("first", "bob@example.org"), None)
    with pytest.raises(Conflict):
        await stores.users.add_user(new_user("second", "bob@example.org"), None, sent.key)
    assert await stores.invitations.invitation(sent.key) == sent
    in_time = new_user("in time", created_at=SOON - timedelta(microseconds=1))
    await stores.users.add_user(in_time, None, sent.key)
    assert await stores.invitations.invitation(sent.key) is None


async def test_the_invitation_of_a_deleted_address_is_gone(stores: Stores) -> None:
    person = await stores.users.add_user(new_user("bob", "Bob@example.org"), None)
    assert await stores.users.mark_email_verified(
        person.id, "Bob@example.org", NOW, keep_credentials=True
    )
    sent = await put(stores, invitation())
    assert await stores.users.delete_user(person.id, NOW)
    assert await stores.invitations.invitation(sent.key) is None


async def test_the_invitation_of_an_address_that_was_never_verified_stays(stores: Stores) -> None:
    """Everyone can sign up with the address of another person, and delete that account."""
    person = await stores.users.add_user(new_user("bob", "bob@example.org"), None)
    sent = await put(stores, invitation())
    assert await stores.users.delete_user(person.id, NOW)
    assert await stores.invitations.invitation(sent.key) == sent
