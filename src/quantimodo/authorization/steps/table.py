"""The steps of an interaction in order. The first step that is needed comes next."""

from typing import Final

from quantimodo.authorization.steps import account, channel, consent, login, respond, second_factor
from quantimodo.authorization.steps.step import Step, View

STEPS: Final = (
    Step("login", login.needed, login.page),
    Step("second_factor", second_factor.needed, second_factor.page),
    Step("channel", channel.needed, channel.page),
    Step("account", account.needed, View.CONSENT),
    Step("consent", consent.needed, View.CONSENT),
    Step("respond", respond.needed, View.RESPONSE),
)
