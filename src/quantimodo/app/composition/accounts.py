"""Builds the services of accounts."""

from quantimodo.accounts.account_policy import AccountPolicy
from quantimodo.accounts.passwords import NewPasswords
from quantimodo.accounts.services import (
    AccountDependencies,
    AccountServices,
    build_account_services,
)
from quantimodo.app.composition.login import LoginDependencies, LoginServices, build_notifier
from quantimodo.crypto.passwords import PasswordHasher
from quantimodo.ops.admin_log import StoredAdminLog


def build_accounts(
    given: LoginDependencies,
    logins: LoginServices,
    hasher: PasswordHasher,
    new_passwords: NewPasswords,
    policy: AccountPolicy,
) -> AccountServices:
    """Construct the services of accounts."""
    stores, clock = given.stores, given.clock
    return build_account_services(
        AccountDependencies(
            users=stores.users,
            closings=stores.closings,
            email_tokens=stores.email_tokens,
            invitations=stores.invitations,
            admin_log=StoredAdminLog(stores.logs, clock),
            personal_tokens=stores.personal_tokens,
            login=logins.login,
            hasher=hasher,
            new_passwords=new_passwords,
            devices=logins.devices,
            notifier=build_notifier(given),
            code_key=given.envelope.derive("e-mail codes"),
            policy=policy,
            clock=clock,
            entropy=given.entropy,
            audit=given.audit,
        )
    )
