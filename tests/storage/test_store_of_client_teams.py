"""`TeamStore`: a client keeps an owner after concurrent changes, and an invitation is used once."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest
from samples import LATER, NOW, SOON, Samples, client, key

from quantimodo.model.client_members import MOST_OWNED, ClientInvitation, InvitedRole
from quantimodo.model.client_metadata import DEFAULT_METADATA
from quantimodo.model.users import User
from quantimodo.ports.stores import BudgetExceeded, Stores

_MOST = 3


def invitation(by: User, email: str, role: InvitedRole, **changes: object) -> ClientInvitation:
    values: dict[str, object] = {
        "key": key(f"{email} {role}"),
        "client_id": "app",
        "email": email,
        "role": role,
        "invited_by": by.id,
        "created_at": NOW,
        "expires_at": SOON,
    }
    return ClientInvitation(**values | changes)  # type: ignore[arg-type]


async def _app(stores: Stores, samples: Samples, *others: str) -> list[User]:
    """An application with a lead and members of these roles."""
    people = [await samples.user() for _ in (None, *others)]
    await stores.clients.add_client(client("app", owner_id=people[0].id))
    for person, role in zip(people[1:], others, strict=True):
        assert await stores.teams.set_member("app", person.id, role, NOW)  # type: ignore[arg-type]
    return people


async def _team(stores: Stores) -> dict[int, tuple[str, bool]]:
    return {each.user_id: (each.role, each.lead) for each in await stores.teams.members("app")}


async def _accept(
    stores: Stores, sent: ClientInvitation, person: User, now: datetime = NOW
) -> str | None:
    return await stores.teams.accept_invitation(sent, person.id, now, MOST_OWNED)


async def test_members_are_listed_after_the_lead(stores: Stores, samples: Samples) -> None:
    lead, owner, developer = await _app(stores, samples, "owner", "developer")
    team = {
        lead.id: ("owner", True),
        owner.id: ("owner", False),
        developer.id: ("developer", False),
    }
    assert await _team(stores) == team
    assert next(iter(await _team(stores))) == lead.id
    for member, person in zip(
        await stores.teams.members("app"), (lead, owner, developer), strict=True
    ):
        verified = person.email_verified_at is not None
        assert (member.email, member.email_verified) == (person.email, verified)
    assert await stores.teams.role("app", developer.id) == "developer"
    assert await stores.teams.role("app", lead.id) is None
    (membership,) = await stores.teams.memberships(owner.id)
    assert (membership.client_id, membership.role, membership.since) == ("app", "owner", NOW)
    assert await stores.teams.memberships(lead.id) == []
    assert not await stores.teams.set_member("app", lead.id, "developer", NOW)
    assert not await stores.teams.set_member("none", owner.id, "developer", NOW)
    assert not await stores.teams.set_member("app", 0, "developer", NOW)
    assert await stores.teams.set_member("app", developer.id, "owner", NOW)
    assert await stores.teams.role("app", developer.id) == "owner"


async def test_only_an_owner_removes_and_never_the_lead(stores: Stores, samples: Samples) -> None:
    lead, owner, developer = await _app(stores, samples, "owner", "developer")
    assert not await stores.teams.remove_member("app", owner.id, developer.id)
    assert not await stores.teams.remove_member("app", lead.id, owner.id)
    assert not await stores.teams.remove_member("app", lead.id, None)
    assert await stores.teams.remove_member("app", developer.id, owner.id)
    assert not await stores.teams.remove_member("app", developer.id, owner.id)
    assert await stores.teams.remove_member("app", owner.id, None)
    assert list(await _team(stores)) == [lead.id]


async def test_owners_who_remove_each_other_at_once_leave_one(
    stores: Stores, samples: Samples
) -> None:
    _, one, other = await _app(stores, samples, "owner", "owner")
    removed = await asyncio.gather(
        stores.teams.remove_member("app", one.id, other.id),
        stores.teams.remove_member("app", other.id, one.id),
    )
    assert sorted(removed) == [False, True]


async def test_the_oldest_other_owner_follows_a_lead_who_leaves(
    stores: Stores, samples: Samples
) -> None:
    lead, developer, owner, later = await _app(stores, samples, "developer", "owner", "owner")
    before = await stores.clients.client("app")
    assert await stores.teams.leave("app", lead.id) == "left"
    found = await stores.clients.client("app")
    assert before is not None
    assert found == replace(before, owner_id=owner.id, revision=before.revision + 1)
    assert await stores.teams.leave("app", later.id) == "left"
    assert await stores.teams.leave("app", later.id) == "none"
    assert await stores.teams.leave("app", owner.id) == "last"
    assert await _team(stores) == {owner.id: ("owner", True), developer.id: ("developer", False)}


async def test_of_owners_who_all_leave_at_once_the_last_one_stays(
    stores: Stores, samples: Samples
) -> None:
    people = await _app(stores, samples, "owner", "owner", "owner")
    outcomes = await asyncio.gather(*(stores.teams.leave("app", each.id) for each in people))
    assert sorted(outcomes) == ["last", "left", "left", "left"]
    ((_, role),) = (await _team(stores)).items()
    assert role == ("owner", True)


async def test_the_lead_before_stays_as_a_developer(stores: Stores, samples: Samples) -> None:
    lead, developer = await _app(stores, samples, "developer")
    assert not await stores.teams.transfer("app", lead.id, NOW)
    assert not await stores.teams.transfer("app", 0, NOW)
    assert await stores.teams.transfer("app", developer.id, NOW)
    assert await _team(stores) == {developer.id: ("owner", True), lead.id: ("developer", False)}
    await stores.clients.add_client(client("operators"))
    assert not await stores.teams.transfer("operators", lead.id, NOW)


async def test_one_person_owns_only_so_many(stores: Stores, samples: Samples) -> None:
    lead, person = (await _app(stores, samples))[0], await samples.user()
    await stores.clients.add_client(client("own 1", owner_id=person.id))
    added = await asyncio.gather(
        *(
            stores.clients.add_client(client(f"own {number}", owner_id=person.id), most_owned=3)
            for number in range(2, 8)
        ),
        return_exceptions=True,
    )
    assert [type(each) for each in added if each is not None] == [BudgetExceeded] * 4
    for role in ("owner", "transfer"):
        sent = invitation(lead, "new@example.org", role)  # type: ignore[arg-type]
        assert await stores.teams.save_invitation(sent, _MOST)
        with pytest.raises(BudgetExceeded):
            await stores.teams.accept_invitation(sent, person.id, NOW, 3)
        assert await stores.teams.invitation(sent.key) == sent
        assert await _team(stores) == {lead.id: ("owner", True)}
    owned = invitation(lead, "new@example.org", "owner")
    assert await stores.teams.save_invitation(owned, _MOST)
    assert await stores.teams.accept_invitation(owned, person.id, NOW, 4) == "owner"
    with pytest.raises(BudgetExceeded):
        await stores.clients.add_client(client("last", owner_id=person.id), most_owned=4)
    moved = invitation(lead, "new@example.org", "transfer")
    assert await stores.teams.save_invitation(moved, _MOST)
    assert await stores.teams.accept_invitation(moved, person.id, NOW, 4) == "transfer"


async def test_no_invitation_has_the_address_of_a_deleted_person(
    stores: Stores, samples: Samples
) -> None:
    lead, person = (await _app(stores, samples))[0], await samples.user()
    assert person.email is not None
    assert await stores.users.mark_email_verified(
        person.id, person.email, NOW, keep_credentials=True
    )
    sent = invitation(lead, person.email.title(), "developer")
    kept = invitation(lead, "other@example.org", "developer")
    for each in (sent, kept):
        assert await stores.teams.save_invitation(each, _MOST)
    assert await stores.users.delete_user(person.id, NOW)
    assert await stores.teams.invitations("app", NOW) == [kept]


async def test_an_invitation_stays_when_its_address_was_never_verified(
    stores: Stores, samples: Samples
) -> None:
    """Everyone can sign up with the address of another person, and delete that account."""
    lead, person = (await _app(stores, samples))[0], await samples.user()
    assert person.email is not None
    sent = invitation(lead, person.email, "developer")
    assert await stores.teams.save_invitation(sent, _MOST)
    assert await stores.users.delete_user(person.id, NOW)
    assert await stores.teams.invitations("app", NOW) == [sent]


async def test_another_lead_ends_the_verified_domain_and_leaves_the_review(
    stores: Stores, samples: Samples
) -> None:
    lead, owner, person = [await samples.user() for _ in range(3)]
    metadata = replace(DEFAULT_METADATA, reviewed=True, verified_domain="example.org")

    async def marks(client_id: str) -> tuple[int | None, bool, str]:
        found = await stores.clients.client(client_id)
        assert found is not None
        return found.owner_id, found.metadata.reviewed, found.metadata.verified_domain

    for name in ("accepted", "transferred", "left", "deleted"):
        await stores.clients.add_client(client(name, owner_id=lead.id, metadata=metadata))
        assert await stores.teams.set_member(name, owner.id, "owner", NOW)
        assert await marks(name) == (lead.id, True, "example.org")
    moved = invitation(lead, "new@example.org", "transfer", client_id="accepted")
    assert await stores.teams.save_invitation(moved, _MOST)
    assert await _accept(stores, moved, person) == "transfer"
    assert await stores.teams.transfer("transferred", person.id, NOW)
    assert await stores.teams.leave("left", lead.id) == "left"
    assert await stores.users.delete_user(lead.id, NOW)
    for name, follows in {
        "accepted": person,
        "transferred": person,
        "left": owner,
        "deleted": owner,
    }.items():
        assert await marks(name) == (follows.id, True, ""), name


async def test_an_invitation_is_accepted_once(stores: Stores, samples: Samples) -> None:
    lead, person = (await _app(stores, samples))[0], await samples.user()
    sent = invitation(lead, "new@example.org", "developer")
    assert await stores.teams.save_invitation(sent, _MOST)
    assert await stores.teams.invitation(sent.key) == sent
    assert await stores.teams.invitations("app", NOW) == [sent]
    assert await stores.teams.invitations("app", SOON) == []
    assert await _accept(stores, sent, person, SOON) is None
    accepted = await asyncio.gather(*(_accept(stores, sent, person) for _ in range(4)))
    assert sorted(map(str, accepted)) == ["None", "None", "None", "developer"]
    assert await stores.teams.role("app", person.id) == "developer"
    assert await stores.teams.invitation(sent.key) is None


async def test_a_newer_invitation_replaces_the_one_before_and_the_team_is_limited(
    stores: Stores, samples: Samples
) -> None:
    (lead,) = await _app(stores, samples)
    old = invitation(lead, "a@example.org", "developer")
    new = invitation(lead, "a@example.org", "owner")
    assert await stores.teams.save_invitation(old, _MOST)
    assert await stores.teams.save_invitation(new, _MOST)
    assert await stores.teams.invitation(old.key) is None
    for name in ("b", "c"):
        sent = invitation(lead, f"{name}@example.org", "developer", expires_at=LATER)
        assert await stores.teams.save_invitation(sent, _MOST)
    more = invitation(lead, "d@example.org", "developer", created_at=NOW)
    assert not await stores.teams.save_invitation(more, _MOST)
    assert await stores.teams.delete_invitation("app", "b@example.org")
    assert not await stores.teams.delete_invitation("app", "b@example.org")
    assert await stores.teams.save_invitation(more, _MOST)
    # The first one has expired, and counts no more.
    later = invitation(lead, "e@example.org", "developer", created_at=SOON, expires_at=LATER)
    assert await stores.teams.save_invitation(later, _MOST)


async def test_an_invitation_ends_with_the_ownership_of_who_sent_it(
    stores: Stores, samples: Samples
) -> None:
    lead, owner, developer = await _app(stores, samples, "owner", "developer")
    person = await samples.user()
    refused = invitation(developer, "x@example.org", "developer")
    assert not await stores.teams.save_invitation(refused, _MOST)
    not_the_lead = invitation(owner, "x@example.org", "transfer")
    assert not await stores.teams.save_invitation(not_the_lead, _MOST)
    sent = invitation(owner, "x@example.org", "owner")
    assert await stores.teams.save_invitation(sent, 9)
    assert await stores.teams.set_member("app", owner.id, "developer", NOW)
    assert await _accept(stores, sent, person) is None
    handed = invitation(lead, "y@example.org", "transfer")
    assert await stores.teams.save_invitation(handed, 9)
    assert await stores.teams.transfer("app", owner.id, NOW)
    assert await _accept(stores, handed, person) is None
    assert await stores.teams.memberships(person.id) == []


async def test_of_two_people_to_whom_an_application_is_transferred_one_becomes_the_lead(
    stores: Stores, samples: Samples
) -> None:
    (lead,) = await _app(stores, samples)
    people = [await samples.user() for _ in range(2)]
    sent = [invitation(lead, f"{n}@example.org", "transfer") for n in range(2)]
    for each in sent:
        assert await stores.teams.save_invitation(each, _MOST)
    outcomes = await asyncio.gather(
        *(_accept(stores, each, person) for each, person in zip(sent, people, strict=True))
    )
    assert sorted(map(str, outcomes)) == ["None", "transfer"]
    winner = people[outcomes.index("transfer")]
    assert await _team(stores) == {winner.id: ("owner", True), lead.id: ("developer", False)}


async def test_a_client_is_deleted_with_its_last_owner_only(
    stores: Stores, samples: Samples
) -> None:
    lead, owner, developer = await _app(stores, samples, "owner", "developer")
    sent = invitation(lead, "x@example.org", "developer")
    assert await stores.teams.save_invitation(sent, 9)
    assert await stores.users.delete_user(lead.id, NOW)
    found = await stores.clients.client("app")
    assert found is not None
    assert found.owner_id == owner.id
    assert await stores.teams.invitation(sent.key) is None
    assert await stores.users.delete_user(owner.id, NOW)
    assert await stores.clients.client("app") is None
    assert await stores.teams.memberships(developer.id) == []
