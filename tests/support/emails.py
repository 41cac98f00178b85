"""One e-mail of each kind, with values that need care."""

import inspect
from datetime import UTC, datetime, timedelta
from typing import Any

from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.model.events import Mail
from quantimodo.model.measurements import AccessSum
from quantimodo.model.secrets import Secret

ISSUER = "https://id.example.org"
RECEIPT = f"{'e' * 400}.{'r' * 400}"
AT = datetime(2026, 11, 29, 15, 51, tzinfo=UTC)
_VALUES: dict[str, Any] = {
    "to": "ann@example.org",
    "email_token": Secret("qmt_fake&token"),
    "code": Secret("123456"),
    "lifetime": timedelta(hours=1),
    "left": 3,
    "deletes_at": AT,
    "due_at": AT,
    "at": AT,
    "path": "/account/apps/app-1/receipts/1",
    "receipt": RECEIPT,
    "device": "Firefox on Linux",
    "app": "<b>Moodline</b> & co",
    "name": "<b>Grafana</b> & co",
    "names": ["<b>Grafana</b> & co", "cron"],
    "may": ["See who you are", "Read your measurements"],
    "client_id": "app-1",
    "done": [
        (
            "<b>Moodline</b> & co",
            AccessSum(client_id="app-1", action="read", measurements=260, requests=3, last_at=AT),
        )
    ],
}


def every_mail() -> dict[str, Mail]:
    """By the name of its template, in the present language."""
    return {
        name: template(**{each: _VALUES[each] for each in inspect.signature(template).parameters})
        for name, template in inspect.getmembers(EmailTemplates(ISSUER), inspect.ismethod)
        if not name.startswith("_")
    }
