"""security.md §14c: each call that fetches something or writes an audit event has a limit, and a
test through the wire shows that it refuses. The calls are read from the source: a new one fails."""

import ast
from collections.abc import Iterator, Mapping, Set
from dataclasses import fields

import pytest

from quantimodo.accounts.limits import ThrottlePolicy
from quantimodo.app.settings.limits import BudgetSettings
from support.checks import not_empty
from support.source_trees import SOURCE, names_of_tests, trees, walk

# The attributes that hold the ports, by the ports' names in annotations, and the calls of each.
PORTS = {
    "GuardedHttpClient": ("http_client", {"get", "post", "post_form"}),
    "DocumentFetcher": ("fetcher", {"fetch", "fetch_cacheable"}),
    "FormPoster": ("poster", {"post"}),
    "WebhookPoster": ("poster", {"post"}),
    "Audit": ("audit", {"record"}),
    "AuditTrail": ("audit", {"record"}),
    "AccountNotifier": ("notifier", {"record"}),
}
OPERATOR = "a command of the operator"
CALLERS = "the callers, which are in this table"
KEYS = "KeyDocumentPolicy"
DAILY = "once a day"
WEBHOOKS = "MOST_EVENTS"
ALERTS = "alerts.interval"

_EVENTS = "tests/attacks/test_limited_events.py"
_STRANGERS = "tests/attacks/test_storage_of_strangers.py"
TESTS = {
    "changes_per_session": f"{_EVENTS}::test_every_form_of_a_signed_in_person_is_limited",
    "sessions_per_person": f"{_EVENTS}::test_sessions_of_one_person_are_limited",
    "sign_up_per_address": f"{_EVENTS}::test_forms_that_send_mails_to_strangers_are_limited",
    "new_passwords_per_address": f"{_EVENTS}::test_checks_of_new_passwords_are_limited",
    "reset_per_address": f"{_EVENTS}::test_forms_that_send_mails_to_strangers_are_limited",
    "emails_per_account": f"{_EVENTS}::test_mails_that_a_person_causes_are_limited",
    "emails_per_person": f"{_EVENTS}::test_mails_of_one_person_to_others_are_limited",
    "exports_per_person": "tests/export/test_export_of_everything.py"
    "::test_exports_of_one_person_are_limited",
    "social_per_address": f"{_EVENTS}::test_sign_ins_through_providers_are_limited",
    "sign_in_per_account": "tests/pages/test_sign_in_page.py"
    "::test_too_many_attempts_get_retry_after",
    "second_factor_per_person": "tests/authorization/test_second_factor.py"
    "::test_wrong_responses_are_counted_over_all_browsers_of_the_person",
    "fetches_per_address": f"{_STRANGERS}::test_requests_that_make_the_server_fetch_are_limited",
    "requests_per_address": "tests/attacks/test_requests_that_wait.py"
    "::test_a_flood_of_requests_from_one_address_is_not_kept",
    "registrations_per_address": "tests/rfc7591/test_3_registration.py"
    "::test_too_many_from_one_address_have_to_wait",
    "registration_changes_per_address": f"{_STRANGERS}::test_managing_a_registration_is_limited",
    "upstream_logins_per_address": "tests/v2_api/test_2_social_login.py"
    "::test_too_many_upstream_logins_from_one_address_are_stopped",
    "security_events_per_address": "tests/v2_api/test_provider_notices.py"
    "::test_messages_that_change_nothing_are_limited_by_address",
    "replays_per_signer": "tests/attacks/test_full_quotas.py"
    "::test_a_message_that_cannot_be_recorded_is_not_applied",
    "refused_sign_ins_per_address": f"{_EVENTS}::test_events_of_used_tokens_have_a_budget",
    DAILY: "tests/rfc8693/test_exchanges_are_shown.py"
    "::test_the_audit_trail_has_the_first_exchange_of_a_day",
    ALERTS: "tests/storage/test_store_of_alerts.py"
    "::test_a_condition_that_comes_and_goes_is_reported_at_intervals",
    WEBHOOKS: "tests/webhooks/test_list_of_events.py::test_the_newest_events_are_kept",
    KEYS: f"{_EVENTS}::test_fetches_of_keys_are_limited_by_host",
}
_SOCIAL = ("upstream_logins_per_address", "social_per_address")
_REGISTERED = ("registrations_per_address", "registration_changes_per_address")
_OF_PROVIDERS = ("upstream_logins_per_address", "security_events_per_address")

LIMITS: Mapping[str, tuple[str, ...]] = {
    "accounts/account_creation:AccountCreation.create": (OPERATOR, "sign_up_per_address"),
    # One account for each invitation of the operator.
    "accounts/account_creation:AccountCreation.create_invited": (OPERATOR,),
    "accounts/account_deletion:AccountDeletion.close": ("sessions_per_person",),
    "accounts/account_deletion:AccountDeletion.delete_due": ("sessions_per_person",),
    "accounts/account_deletion:AccountDeletion.reopen": ("changes_per_session",),
    "clients/set_ups:SetUpService.apply": (OPERATOR,),
    "accounts/user_imports:UserImports.write": (OPERATOR,),
    "accounts/account_lifecycle:AccountLifecycle.disable": (OPERATOR,),
    "accounts/account_lifecycle:AccountLifecycle.enable": (OPERATOR,),
    "accounts/people_administration:PeopleAdministration._delete": ("changes_per_session",),
    "accounts/people_administration:PeopleAdministration._demote": ("changes_per_session",),
    "accounts/people_administration:PeopleAdministration._reopen": ("changes_per_session",),
    "accounts/people_administration:PeopleAdministration._promote": ("changes_per_session",),
    "accounts/account_changes:AccountChanges.change_email": (
        "emails_per_person",
        "emails_per_account",
    ),
    "accounts/account_changes:AccountChanges.change_password": ("changes_per_session",),
    "accounts/account_changes:AccountChanges.set_first_password": ("changes_per_session",),
    "accounts/login:Login.complete_pending": ("second_factor_per_person",),
    "accounts/emails/notifier:AccountNotifier.record": (CALLERS,),
    "accounts/passkeys/notices:PasskeyNotices.added": ("changes_per_session",),
    "accounts/passkeys/notices:PasskeyNotices.copied": ("sign_in_per_account",),
    "accounts/passkeys/notices:PasskeyNotices.refused": ("refused_sign_ins_per_address",),
    "accounts/passkeys/notices:PasskeyNotices.removed": ("changes_per_session",),
    "accounts/passkeys/notices:PasskeyNotices.renamed": ("changes_per_session",),
    "accounts/passkeys/notices:PasskeyNotices.reset": (OPERATOR,),
    "accounts/password_sign_in:PasswordSignIn.sign_in": ("sign_in_per_account",),
    "accounts/personal_token_revocation:PersonalTokenRevocation.end_all": (
        "changes_per_session",
        "reset_per_address",
    ),
    # One event for each token that was made.
    "accounts/personal_token_revocation:PersonalTokenRevocation.end_presented": (
        "changes_per_session",
    ),
    "accounts/personal_tokens:PersonalTokens.mint": ("changes_per_session",),
    "accounts/personal_tokens:PersonalTokens.revoke": ("changes_per_session",),
    "accounts/profiles:Profiles.replace": ("changes_per_session",),
    "accounts/recovery:Recovery._take_over": ("reset_per_address",),
    "accounts/recovery:Recovery._notify_old_address": ("emails_per_account",),
    "accounts/recovery:Recovery._confirm": ("emails_per_account",),
    "accounts/recovery:Recovery.request_reset": ("reset_per_address",),
    "accounts/sessions:Sessions._begin": ("sessions_per_person", "changes_per_session"),
    "accounts/sessions:Sessions._end_all": ("changes_per_session",),
    "accounts/sessions:Sessions.end_one": ("changes_per_session",),
    "accounts/second_factors/notices:SecondFactorNotices.added": ("changes_per_session",),
    "accounts/second_factors/notices:SecondFactorNotices.passkey_added": ("changes_per_session",),
    "accounts/second_factors/notices:SecondFactorNotices.code_used": ("sessions_per_person",),
    "accounts/second_factors/notices:SecondFactorNotices.codes_replaced": ("changes_per_session",),
    "accounts/second_factors/notices:SecondFactorNotices.limit_reached": (
        "second_factor_per_person",
    ),
    "accounts/second_factors/notices:SecondFactorNotices.recovery_cancelled": (
        "second_factor_per_person",
        "changes_per_session",
    ),
    "accounts/second_factors/notices:SecondFactorNotices.recovery_completed": (
        "sign_in_per_account",
    ),
    "accounts/second_factors/notices:SecondFactorNotices.recovery_requested": (
        "sign_in_per_account",
    ),
    "accounts/second_factors/notices:SecondFactorNotices.removed": ("changes_per_session",),
    "accounts/second_factors/notices:SecondFactorNotices.replaced": ("changes_per_session",),
    "accounts/second_factors/notices:SecondFactorNotices.reset": (OPERATOR,),
    # Only an endpoint that was enabled, by a form, is disabled.
    "accounts/emails/webhook_disabling:WebhookDisabling.disable": ("changes_per_session",),
    "accounts/team_invitations:TeamInvitations.accept": ("changes_per_session",),
    "accounts/team_invitations:TeamInvitations.invite": (
        "emails_per_person",
        "emails_per_account",
    ),
    "accounts/team_invitations:TeamInvitations.withdraw": ("changes_per_session",),
    "authorization/consents:Consents.change": ("changes_per_session",),
    "authorization/consents:Consents.give": ("changes_per_session", "requests_per_address"),
    "authorization/request_objects:RequestObjects._fetched": ("fetches_per_address",),
    "cli/keys:delete": (OPERATOR,),
    "clients/dynamic_registration:DynamicClients._check_sector": _REGISTERED,
    "clients/dynamic_registration:DynamicClients._logo": _REGISTERED,
    "clients/key_documents:KeyDocuments._fetch": (KEYS,),
    "clients/teams:MemberAudit.record": (CALLERS,),
    "clients/teams:Teams.leave": ("changes_per_session",),
    "clients/teams:Teams.remove": ("changes_per_session",),
    "clients/teams:Teams.remove_by_operator": (OPERATOR,),
    "clients/teams:Teams.set_by_operator": (OPERATOR,),
    "clients/teams:Teams.transfer_by_operator": (OPERATOR,),
    "clients/registry:Registry.register": (OPERATOR, "changes_per_session"),
    "clients/registry:Registry.register_itself": ("registrations_per_address",),
    "clients/registry:Registry._replace": (
        "changes_per_session",
        "registration_changes_per_address",
    ),
    "clients/registry:Registry.delete": (
        "changes_per_session",
        "registration_changes_per_address",
    ),
    "clients/metadata_documents:ClientDocuments._fetch": ("fetches_per_address",),
    "clients/resources:ResourceRegistry.register": ("changes_per_session",),
    "clients/resources:ResourceRegistry.change": ("changes_per_session",),
    "clients/resources:ResourceRegistry.delete": ("changes_per_session",),
    "clients/webhooks:Webhooks.add": ("changes_per_session",),
    "clients/webhooks:Webhooks._recorded": ("changes_per_session",),
    "clients/webhooks:Webhooks.set_polled": ("changes_per_session",),
    "clients/registry:Registry.set_logo": ("changes_per_session", *_REGISTERED),
    "endpoints/token_safeguards:TokenSafeguards.end": ("refused_sign_ins_per_address",),
    "export/personal_export:PersonalExport.begin": ("exports_per_person",),
    "federation/discovery:Discovery._discover": _OF_PROVIDERS,
    "federation/login_codes:LoginCodes._refuse_replay": ("refused_sign_ins_per_address",),
    "federation/providers/declared:Declared._userinfo": _SOCIAL,
    "federation/providers/facebook_graph:Graph.account": _SOCIAL,
    "federation/providers/facebook_graph:Graph.owner": _SOCIAL,
    "federation/providers/github:GitHub._confirmed_email": _SOCIAL,
    "federation/providers/github:GitHub._who": _SOCIAL,
    "federation/providers/google:AccessTokens.read": _SOCIAL,
    "federation/providers/oauth2:OAuth2._requested": _SOCIAL,
    "federation/providers/oauth2:OAuth2.pushed_authorization_url": ("upstream_logins_per_address",),
    "federation/userinfo:UserInfo.claims": _SOCIAL,
    "federation/providers/x:X._who": _SOCIAL,
    "federation/public_keys:PublicKeys._fetch": _OF_PROVIDERS,
    "federation/security_event_handler:SecurityEventHandler.end": ("replays_per_signer",),
    "federation/security_event_handler:SecurityEventHandler._sign_out": ("replays_per_signer",),
    "federation/security_event_handler:SecurityEventHandler.end_sessions": (
        "replays_per_signer",
        "security_events_per_address",
    ),
    "federation/security_event_handler:SecurityEventHandler.delete_data": ("replays_per_signer",),
    "federation/social_accounts:SocialAccounts._admit": ("social_per_address",),
    "federation/social_accounts:SocialAccounts._create": ("social_per_address",),
    "federation/social_accounts:SocialAccounts._ended": _SOCIAL,
    "federation/social_accounts:SocialAccounts._linked": ("upstream_logins_per_address",),
    "federation/social_accounts:SocialAccounts._signed_in": ("social_per_address",),
    "federation/social_accounts:SocialAccounts.unlink": ("changes_per_session",),
    "ops/webhook_attempts:WebhookAttempts.deliver": (WEBHOOKS,),
    "outbound/webhook_poster:HttpWebhookPoster.post": (CALLERS,),
    "ops/alert_messages:AlertMessages._post": (ALERTS,),
    "ops/backchannel_logout:BackchannelLogoutSender._failed": ("sessions_per_person",),
    "ops/backchannel_logout:BackchannelLogoutSender._send": ("sessions_per_person",),
    "outbound/breach_ranges:BreachRanges.contains": ("new_passwords_per_address",),
    "outbound/document_fetcher:HttpDocumentFetcher._get": (CALLERS,),
    "outbound/form_poster:HttpFormPoster.post": (CALLERS,),
    "pages/account/apps:Apps.revoke": ("changes_per_session",),
    "tokens/token_exchanges:TokenExchanges.respond": (DAILY,),
}


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path, tree in trees().items():
        yield path.relative_to(SOURCE).with_suffix("").as_posix(), tree


def _functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")


def _calls(function: ast.AST) -> Iterator[tuple[str, str]]:
    """The receiver and the method of each call, without the underscore of a private attribute."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            receiver = node.func.value
            name = getattr(receiver, "attr", None) or getattr(receiver, "id", "")
            yield name.lstrip("_"), node.func.attr


def _direct(calls: Set[tuple[str, str]]) -> bool:
    return any((name, call) in calls for name, each in PORTS.values() for call in each)


def callers() -> set[str]:
    """Each function that calls a port. A private helper that only records an event counts as its
    callers."""
    found = set()
    for module, tree in _modules():
        functions = {name: frozenset(_calls(function)) for name, function in _functions(tree)}
        helpers = {
            name.rpartition(".")[::2]
            for name, calls in functions.items()
            if name.rpartition(".")[2].startswith("_record") and _direct(calls)
        }
        for name, calls in functions.items():
            owner, _, own_name = name.rpartition(".")
            if (owner, own_name) in helpers:
                continue
            uses_helper = any(
                receiver == "self" and (owner, call) in helpers for receiver, call in calls
            )
            if uses_helper or _direct(calls):
                found.add(f"{module}:{name}")
    return found


def test_each_call_has_a_limit() -> None:
    assert callers() == set(LIMITS)


def test_each_limit_is_a_setting_or_is_explained() -> None:
    known = {each.name for kind in (ThrottlePolicy, BudgetSettings) for each in fields(kind)}
    named = {limit for limits in LIMITS.values() for limit in limits}
    assert named - known == {OPERATOR, CALLERS, KEYS, DAILY, WEBHOOKS, ALERTS}
    assert named - {OPERATOR, CALLERS} == set(TESTS)


@pytest.mark.parametrize("limit", sorted(TESTS))
def test_a_test_through_the_wire_shows_that_each_limit_refuses(limit: str) -> None:
    path, _, name = TESTS[limit].partition("::")
    assert name in names_of_tests(path.removeprefix("tests/"))


def test_the_ports_have_the_names_by_which_calls_are_found() -> None:
    """A field or a parameter of a port's type with another name would hide its calls."""
    for module, name, port in not_empty(_of_ports()):
        assert name.lstrip("_").endswith(PORTS[port][0]), (module, name)


def _of_ports() -> Iterator[tuple[str, str, str]]:
    """Module, name and port of each field and parameter that has the type of a port."""
    for module, tree in _modules():
        for node in walk(tree):
            if isinstance(node, ast.arg) and node.annotation is not None:
                name, annotation = node.arg, node.annotation
            elif isinstance(node, ast.AnnAssign):
                name, annotation = ast.unparse(node.target).rpartition(".")[2], node.annotation
            else:
                continue
            ports = (getattr(part, "id", None) for part in ast.walk(annotation))
            yield from ((module, name, port) for port in ports if port in PORTS)


def test_only_these_modules_open_connections() -> None:
    """A fetch by another module would be no call of a port."""
    opening = set()
    for module, tree in _modules():
        for node in walk(tree):
            if isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Attribute) and node.attr in (
                "open_connection",
                "create_connection",
            ):
                names = ["socket"]
            else:
                continue
            if {name.partition(".")[0] for name in names} & {
                "httpx",
                "httpcore",
                "urllib3",
                "requests",
                "aiohttp",
                "smtplib",
                "aiosmtplib",
            } or names == ["socket"]:
                opening.add(module)
            # Threads of the SDK send to the operator's collector.
            if any(name.startswith("opentelemetry.exporter") for name in names):
                opening.add(module)
    assert {module for module in opening if not module.startswith(("cli/", "sandbox/"))} == {
        "outbound/http_client",
        "outbound/guarded_transport",
        "ops/smtp",
        "ops/telemetry_sdk",
    }
