"""Step `device`: the person confirms that the device is theirs (RFC 8628 §3.3, §5.4).

Nothing skips it: neither a consent on record nor a first-party client. The confirmation is that of
one session, so that no attacker can confirm a device and send a victim the address of the next
step.
"""

from datetime import datetime
from urllib.parse import quote

from quantimodo.authorization.device_channel import DeviceApproval
from quantimodo.authorization.interactions import Interaction, InteractionPolicy, Reason
from quantimodo.crypto.digests import digest
from quantimodo.model.devices import DeviceAuthorization
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.protocol.device_requests import DEVICE_PAGE
from quantimodo.protocol.errors import ConsentRequired

CONFIRM = f"{DEVICE_PAGE}/confirm"
REASON = Reason(ConsentRequired, "the person has to confirm the device")


def needed(
    interaction: Interaction,
    subject: AuthenticatedSubject | None,
    policy: InteractionPolicy,
    now: datetime,
) -> Reason | None:
    """A reason while the request of a device still needs its person on this page."""
    channel = interaction.channel
    if not isinstance(channel, DeviceApproval):
        return None
    return None if is_confirmed(channel.device, subject) else REASON


def is_confirmed(device: DeviceAuthorization, subject: AuthenticatedSubject | None) -> bool:
    """Whether this person confirmed the device in this session."""
    if subject is None or subject.sid is None:
        return False
    return device.confirmed_by == holder_of(subject.sid, subject.user.id)


def holder_of(sid: str, user_id: int) -> bytes:
    """A digest of one person in one session."""
    return digest(f"device {sid} {user_id}")


def page(interaction: Interaction) -> str:
    """The address of the page of this step."""
    return f"{CONFIRM}?request={quote(interaction.id, safe='')}"
