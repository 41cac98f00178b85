"""Settings: safe defaults, the environment over the file, every fault reported at once, none
echoed."""

import subprocess
import sys
from contextlib import suppress
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantimodo.accounts.limits import BudgetKind, BudgetPolicy, Limit, ThrottlePolicy
from quantimodo.app.composition.limits import quota_policy
from quantimodo.app.composition.provider_policies import (
    application_policy,
    outbound_policy,
    provider_policies,
)
from quantimodo.app.settings.document import settings_document
from quantimodo.app.settings.durations import (
    format_duration,
    format_limit,
    parse_duration,
    parse_limit,
)
from quantimodo.app.settings.masking import masked
from quantimodo.app.settings.providers import ProviderSettings
from quantimodo.app.settings.reading import BadSettings, Settings, format_value, load, load_settings
from quantimodo.app.settings.tree import (
    BudgetSettings,
    Leaf,
    leaves,
    provider_leaves,
)
from quantimodo.federation.contract import ProviderPolicy
from quantimodo.model.budgets import QuotaPolicy
from support.checks import not_empty

EVERYWHERE = "0.0.0.0"  # noqa: S104
ROOT = Path(__file__).parents[2]
KEY = "A" * 43


def environment(**values: str) -> dict[str, str]:
    return {f"QUANTIMODO_{name}": value for name, value in values.items()}


def faults(**values: str) -> tuple[str, ...]:
    with pytest.raises(BadSettings) as refusal:
        load_settings(environment(**values))
    return refusal.value.faults


def from_file(tmp_path: Path, text: str, **values: str) -> Settings:
    path = tmp_path / "quantimodo.toml"
    path.write_text(text, "utf-8")
    return load_settings(environment(CONFIG=str(path), **values))


def test_nothing_has_to_be_set() -> None:
    settings = load_settings({})
    assert settings.issuer == "http://127.0.0.1:8000"
    assert settings.database == "sqlite:///var/quantimodo.db"
    assert settings.development is True


def test_the_lifetimes_of_tokens_have_the_documented_defaults() -> None:
    tokens = load_settings({}).tokens
    assert tokens.access_lifetime == timedelta(hours=1)
    assert tokens.code_lifetime == timedelta(seconds=60)
    assert tokens.refresh_idle_lifetime == timedelta(days=30)
    assert tokens.refresh_absolute_lifetime == timedelta(days=180)
    assert tokens.refresh_reuse_grace == timedelta(seconds=10)


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    text = 'port = 9001\nhost = "localhost"\n[tokens]\naccess_lifetime = "15m"\n'
    settings = from_file(tmp_path, text, PORT="9002", TOKENS__CODE_LIFETIME="30s")
    assert (settings.port, settings.host) == (9002, "localhost")
    assert settings.tokens.access_lifetime == timedelta(minutes=15)
    assert settings.tokens.code_lifetime == timedelta(seconds=30)
    assert settings.issuer == "http://localhost:9002"


def test_where_each_value_came_from_is_known(tmp_path: Path) -> None:
    path = tmp_path / "quantimodo.toml"
    path.write_text("port = 1\nworkers = 2\n")
    loaded = load(environment(CONFIG=str(path), PORT="3"))
    assert loaded.origins == {"port": "environment", "workers": str(path)}


def test_every_kind_of_value_can_stand_in_the_environment() -> None:
    settings = load_settings(
        environment(
            ACCESS_LOG="true",
            DEVELOPMENT="false",
            WORKERS="4",
            SIGN_UP="closed",
            TRUSTED_PROXIES="10.0.0.0/8, 2001:db8::/32",
            LIMITS__SIGN_IN_PER_ACCOUNT="3 per 1h",
            KEYS__ROTATE_EVERY="1d12h",
        )
    )
    assert settings.access_log is True
    assert settings.development is False
    assert settings.workers == 4
    assert settings.sign_up == "closed"
    assert settings.trusted_proxies == ("10.0.0.0/8", "2001:db8::/32")
    assert settings.limits.sign_in_per_account == Limit(3, timedelta(hours=1))
    assert settings.keys.rotate_every == timedelta(hours=36)


def test_every_kind_of_value_can_stand_in_the_file(tmp_path: Path) -> None:
    text = """
    development = false
    workers = 4
    sign_up = "closed"
    trusted_proxies = ["10.0.0.0/8"]
    security_txt = '''
    Contact: https://id.example.org/
    '''
    [limits]
    sign_in_per_account = "3 per 1h"
    """
    settings = from_file(tmp_path, text)
    assert (settings.development, settings.workers) == (False, 4)
    assert settings.trusted_proxies == ("10.0.0.0/8",)
    assert settings.limits.sign_in_per_account.count == 3
    assert "Contact" in settings.security_txt


@pytest.mark.parametrize(
    "text",
    [
        'port = "8000"',
        "port = true",
        "port = 1.5",
        "access_log = 1",
        "access_log = 'true'",
        "host = 1",
        "trusted_proxies = '10.0.0.0/8'",
        "trusted_proxies = [1]",
        "tokens = 1",
        "[host]\nname = 'x'",
        "[tokens]\naccess_lifetime = 900",
        "[limits]\nsign_in_per_account = 10",
    ],
)
def test_a_file_is_read_by_its_types(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadSettings, match="must be"):
        from_file(tmp_path, text)


@pytest.mark.parametrize(("variable", "value"), [("PORT", ""), ("ISSUER", ""), ("ACCESS_LOG", "")])
def test_an_empty_variable_counts_as_not_set(variable: str, value: str) -> None:
    assert load_settings(environment(**{variable: value})) == load_settings({})


def test_all_faults_are_reported_together(tmp_path: Path) -> None:
    path = tmp_path / "quantimodo.toml"
    path.write_text("prot = 1\n[tokens]\ncode_lifetime = '2m'\n")
    found = faults(CONFIG=str(path), WORKERS="0", LOG_LEVEL="loud", HOST="192.0.2.1")
    assert found == (
        "prot is not a setting: did you mean port?",
        "tokens.code_lifetime must be from 1s to 1m",
        "QUANTIMODO_LOG_LEVEL must be debug or info or warning or error",
        "QUANTIMODO_WORKERS must be from 1 to 64",
        "issuer (QUANTIMODO_ISSUER) must be set to the public address, since the host is not"
        " loopback",
    )


def test_a_misspelt_variable_is_a_fault_with_a_suggestion() -> None:
    assert faults(TOKENS__ACCES_LIFETIME="1h") == (
        "QUANTIMODO_TOKENS__ACCES_LIFETIME is not a setting:"
        " did you mean QUANTIMODO_TOKENS__ACCESS_LIFETIME?",
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "eight"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("PORT", "1.5"),
        ("WORKERS", "0"),
        ("WORKERS", "65"),
        ("ACCESS_LOG", "perhaps"),
        ("SIGN_UP", "OPEN!"),
        ("DATABASE", "mysql://db.example.org/x"),
        ("DATABASE", "sqlite:///"),
        ("DATABASE", "postgresql://[::1/quantimodo"),
        ("ISSUER", "id.example.org"),
        ("ISSUER", "https://id.example.org/"),
        ("ISSUER", "https://id.example.org/path"),
        ("ISSUER", "https://id.example.org?x=1"),
        ("ISSUER", "https://id.example.org#x"),
        ("ISSUER", "https://ID.example.org"),
        ("ISSUER", "https://user@id.example.org"),
        ("ISSUER", "http://id.example.org"),
        ("ISSUER", "ftp://id.example.org"),
        ("ISSUER", "com.example.app:/x"),
        ("HOST", "192.0.2.1"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", f"{KEY}\nshort"),
        ("METRICS_TOKEN", "short"),
        ("METRICS_TOKEN", "é" * 20),
        ("TRUSTED_PROXIES", "10.0.0.0/8,proxy.example.org"),
        ("TOKENS__ACCESS_LIFETIME", "3600"),
        ("TOKENS__ACCESS_LIFETIME", "0s"),
        ("TOKENS__ACCESS_LIFETIME", "2d"),
        ("TOKENS__CODE_LIFETIME", "61s"),
        ("TOKENS__REFRESH_REUSE_GRACE", "2m"),
        ("TOKENS__REFRESH_IDLE_LIFETIME", "181d"),
        ("SESSIONS__IDLE_LIFETIME", "91d"),
        ("KEYS__ROTATE_EVERY", "1d"),
        ("LIMITS__SIGN_IN_PER_ACCOUNT", "10"),
        ("LIMITS__SIGN_IN_PER_ACCOUNT", "0 per 1h"),
        ("LIMITS__SIGN_IN_PER_ACCOUNT", "1 per 0s"),
        ("SMTP__URL", "mail.example.org"),
        ("SMTP__URL", "smtp://"),
        ("SMTP__FROM_ADDRESS", "unknown"),
    ],
)
def test_a_bad_value_is_one_fault_that_names_its_setting(variable: str, value: str) -> None:
    (fault,) = faults(**{variable: value})
    name = variable.lower().replace("__", ".")
    expected = "ISSUER" if variable == "HOST" else variable
    assert f"QUANTIMODO_{expected}" in fault or name in fault or "publish_before" in fault


@pytest.mark.parametrize("leaf", leaves(), ids=lambda leaf: leaf.name)
def test_no_fault_echoes_what_was_given(leaf: Leaf) -> None:
    with pytest.raises(BadSettings) as refusal:
        load_settings({leaf.variable: "\x00marked-secret", "QUANTIMODO_WORKERS": "marked"})
    assert "marked" not in str(refusal.value)


def test_secrets_do_not_show_in_a_repr() -> None:
    settings = load_settings(
        environment(
            DATABASE="postgresql://user:marked1@db.example.org/x",
            SECRET_KEY=KEY,
            METRICS_TOKEN="marked2-marked2-marked2",
            SMTP__URL="smtp://user:marked3@mail.example.org:587",
        )
    )
    assert "marked" not in repr(settings)
    assert KEY not in repr(settings)


@pytest.mark.parametrize(
    ("values", "issuer", "development"),
    [
        ({"HOST": "::1", "PORT": "9"}, "http://[::1]:9", True),
        ({"HOST": "localhost"}, "http://localhost:8000", True),
        ({"ISSUER": "https://id.example.org"}, "https://id.example.org", False),
        ({"ISSUER": "https://id.example.org:8443"}, "https://id.example.org:8443", False),
        ({"ISSUER": "https://127.0.0.1:8443"}, "https://127.0.0.1:8443", False),
        (
            {"ISSUER": "http://id.example.org", "INSECURE_HTTP_ISSUER": "true"},
            "http://id.example.org",
            False,
        ),
        (
            {"ISSUER": "http://localhost.example.org", "INSECURE_HTTP_ISSUER": "true"},
            "http://localhost.example.org",
            False,
        ),
        ({"SMTP__URL": "smtp://mail.example.org"}, "http://127.0.0.1:8000", False),
        ({"HOST": "192.0.2.1", "ISSUER": "http://127.0.0.1:8000"}, "http://127.0.0.1:8000", False),
        ({"HOST": EVERYWHERE, "ISSUER": "http://127.0.0.1:8000"}, "http://127.0.0.1:8000", False),
        ({"HOST": "::", "ISSUER": "http://localhost:8000"}, "http://localhost:8000", False),
        ({"HOST": "127.0.0.2", "ISSUER": "http://localhost:8000"}, "http://localhost:8000", True),
    ],
)
def test_mails_are_shown_only_on_a_developers_machine(
    values: dict[str, str], issuer: str, development: bool
) -> None:
    settings = load_settings(environment(**values))
    assert (settings.issuer, settings.development) == (issuer, development)


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("port = ")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    assert "cannot be read" in faults(CONFIG=str(tmp_path / "absent.toml"))[0]
    assert "is not TOML" in faults(CONFIG=str(broken))[0]
    assert "not UTF-8" in faults(CONFIG=str(binary))[0]


@pytest.mark.parametrize("leaf", leaves(), ids=lambda leaf: leaf.name)
def test_every_setting_has_a_sentence_and_is_documented(leaf: Leaf) -> None:
    assert leaf.description[0].isupper()
    assert leaf.description.endswith(".")
    page = settings_document()
    assert f"### `{leaf.name}`\n\n{leaf.description}\n\n- Environment: `{leaf.variable}`\n" in page


def test_the_operators_page_is_what_the_command_prints() -> None:
    page = (ROOT / "docs" / "operator" / "settings.md").read_text("utf-8")
    assert page == settings_document(), (
        "run: quantimodo settings document > docs/operator/settings.md"
    )


def test_switches_that_are_insecure_say_so_and_are_off() -> None:
    insecure = not_empty(leaf for leaf in leaves() if "insecure" in leaf.name)
    assert [leaf.name for leaf in insecure if leaf.default not in (False, ())] == []


GOOGLE = {"PROVIDERS__GOOGLE__CLIENT_ID": "id", "PROVIDERS__GOOGLE__CLIENT_SECRET": "marked"}


def test_a_provider_is_set_in_the_environment_by_its_name_in_upper_case() -> None:
    audiences = {"PROVIDERS__GOOGLE__AUDIENCES": "android, ios"}
    google = load_settings(environment(**GOOGLE, **audiences)).providers["google"]
    assert (google.client_id, google.client_secret) == ("id", "marked")
    assert google.audiences == ("android", "ios")


def test_a_provider_is_set_in_the_file_and_the_environment_wins(tmp_path: Path) -> None:
    text = """
    [providers.work]
    kind = "oidc"
    issuer = "https://login.example.org"
    client_id = "file"
    authoritative = true
    """
    settings = from_file(tmp_path, text, PROVIDERS__WORK__CLIENT_ID="environment")
    work = settings.providers["work"]
    assert (work.kind, work.client_id, work.authoritative) == ("oidc", "environment", True)
    (policy,) = provider_policies(settings)
    assert (policy.name, policy.kind, policy.client_secret) == ("work", "oidc", None)


def test_the_kind_of_a_provider_is_its_name_when_that_is_a_kind() -> None:
    (policy,) = provider_policies(load_settings(environment(**GOOGLE)))
    assert (policy.name, policy.kind) == ("google", "google")
    assert policy.client_secret is not None
    assert policy.client_secret.reveal() == "marked"


def test_where_a_providers_value_came_from_is_known() -> None:
    assert load(environment(**GOOGLE)).origins == {
        "providers.google.client_id": "environment",
        "providers.google.client_secret": "environment",
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[providers.google]", "providers.google.client_id .* must be set for google"),
        ("[providers.work]\nclient_id='x'", "providers.work.kind must be set to one of apple"),
        ("[providers.work]\nkind='oidc'\nclient_id='x'", r"providers.work.issuer .* must be set"),
        ("[providers.google]\nclient='x'", "client is not a setting: did you mean .*client_id"),
        ("[providers.google]\nkind='googel'", "providers.google.kind must be google or facebook"),
        ("[providers.Google]\nclient_id='x'", "providers.Google is not a setting"),
        ("[provider.google]\nclient_id='x'", "provider is not a setting"),
        ("providers = 1", r"providers must be a table: \[providers\]"),
        ("[providers]\ngoogle = 'x'", r"providers.google must be a table: \[providers.google\]"),
        ("[providers.x]\nclient_id = 1", "providers.x.client_id must be a text"),
        ("[providers.x]\nclient_id='x'\ntoken_endpoint='http://x.example'", "must be an https"),
        ("[providers.x]\nclient_id='x'\nissuer='https://u:p@x.example'", "must be an https"),
        (
            "[providers.microsoft]\nclient_id='x'\nclient_secret='x'\ntenant='example.org'",
            "providers.microsoft.tenant must be common",
        ),
        (
            "[providers.apple]\nclient_id='x'\nclient_secret='x'\nteam_id='x'\nkey_id='x'",
            "providers.apple.client_secret must be the whole text of the .p8 file",
        ),
        ("insecure_private_hosts = ['https://idp.example.org']", "must be pairs such as"),
        ("insecure_private_app_hosts = ['app.example.org']", "must be pairs such as"),
        ("insecure_unverified_hosts = ['idp.example.org']", "must be pairs such as"),
    ],
)
def test_a_provider_that_cannot_work_is_a_fault(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(BadSettings, match=fault):
        from_file(tmp_path, text)


def test_an_origin_of_agents_has_no_path() -> None:
    for origin in ("agents.example.org", "https://agents.example.org/", "https://A.example.org"):
        (fault,) = faults(MCP__ALLOWED_ORIGINS=origin)
        assert "must be like https://agents.example.org" in fault
    both = "https://agents.example.org,http://127.0.0.1:6274"
    settings = load_settings(environment(MCP__ALLOWED_ORIGINS=both, MCP__ENABLED="true"))
    assert settings.mcp.allowed_origins == tuple(both.split(","))


def test_a_misspelt_variable_of_a_provider_is_a_fault_with_a_suggestion() -> None:
    assert faults(**GOOGLE, PROVIDERS__GOOGLE__CLIENTID="x") == (
        "QUANTIMODO_PROVIDERS__GOOGLE__CLIENTID is not a setting:"
        " did you mean QUANTIMODO_PROVIDERS__GOOGLE__CLIENT_ID?",
    )


@pytest.mark.parametrize("leaf", provider_leaves("work"), ids=lambda leaf: leaf.name)
def test_every_setting_of_a_provider_is_documented(leaf: Leaf) -> None:
    assert leaf.description[0].isupper()
    assert leaf.description.endswith(".")
    title = leaf.name.replace(".work.", ".NAME.")
    assert f"### `{title}`\n\n{leaf.description}\n" in settings_document()


def test_the_settings_of_a_provider_are_its_policy() -> None:
    ours = {each.name for each in fields(ProviderSettings)} | {"name"}
    assert ours == {each.name for each in fields(ProviderPolicy)}


def test_a_private_provider_may_be_reached_when_it_is_named(tmp_path: Path) -> None:
    text = """
    insecure_private_hosts = ["idp.internal.example:8080"]
    insecure_unverified_hosts = ["suite.internal.example:8443"]
    [providers.work]
    kind = "oidc"
    client_id = "x"
    issuer = "http://idp.internal.example:8080"
    """
    policy = outbound_policy(from_file(tmp_path, text), "127.0.0.1:1")
    assert policy.open_hosts == {"idp.internal.example:8080", "127.0.0.1:1"}
    assert policy.unverified_hosts == {"suite.internal.example:8443"}


def test_addresses_of_applications_do_not_lead_to_the_operators_private_hosts(
    tmp_path: Path,
) -> None:
    text = """
    insecure_private_hosts = ["idp.internal.example:8080"]
    insecure_private_app_hosts = ["app.internal.example:8080"]
    """
    settings = from_file(tmp_path, text)
    assert application_policy(settings).open_hosts == {"app.internal.example:8080"}
    assert outbound_policy(settings).open_hosts == {"idp.internal.example:8080"}


def test_the_secret_of_a_provider_shows_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    settings = load_settings(environment(**GOOGLE))
    assert "marked" not in repr(settings)
    assert "marked" not in repr(provider_policies(settings))
    for leaf in provider_leaves("google"):
        assert "marked" not in masked(leaf, settings)


@pytest.mark.parametrize(
    ("values", "sandbox"),
    [
        ({}, True),
        ({"DEVELOPMENT": "false"}, False),
        ({"SANDBOX": "false"}, False),
        ({"DEVELOPMENT": "false", "SANDBOX": "true"}, True),
        ({"ISSUER": "https://id.example.org"}, False),
        ({"HOST": EVERYWHERE, "ISSUER": "http://localhost:8000"}, False),
    ],
)
def test_the_sandbox_is_for_a_developers_machine(values: dict[str, str], sandbox: bool) -> None:
    assert load_settings(environment(**values)).sandbox is sandbox


def test_no_setting_opens_the_sandbox_to_other_machines() -> None:
    """security.md §14d."""
    for values in (
        {"ISSUER": "https://id.example.org"},
        {"HOST": EVERYWHERE, "ISSUER": "http://127.0.0.1:8000"},
    ):
        (fault,) = faults(SANDBOX="true", **values)
        assert "needs an issuer and a host on this machine" in fault
        assert any("insecure_sandbox" in each.lower() for each in faults(INSECURE_SANDBOX="true"))


@pytest.mark.parametrize(
    "values",
    [
        {"ISSUER": "https://id.example.org"},
        {"HOST": EVERYWHERE, "ISSUER": "http://127.0.0.1:8000"},
        {"HOST": "::ffff:192.0.2.1", "ISSUER": "http://localhost:8000"},
    ],
)
def test_development_pages_need_a_loopback_issuer_and_a_loopback_host(
    values: dict[str, str],
) -> None:
    """security.md §14d"""
    (fault,) = faults(DEVELOPMENT="true", **values)
    assert fault.startswith("QUANTIMODO_DEVELOPMENT needs an issuer and a host on this machine")


def test_the_budgets_are_those_that_rows_are_charged_to() -> None:
    usual = load_settings(environment()).budgets
    assert isinstance(usual, BudgetPolicy)
    changed = load_settings(environment(BUDGETS__REGISTRATIONS_TOTAL="2000000")).budgets
    assert usual.of("registrations").total == BudgetPolicy().of("registrations").total
    assert changed.of("registrations").total == 2_000_000
    kinds = (*get_args(BudgetKind), "account_mails")
    assert [each.name for each in fields(BudgetSettings)] == [
        f"{kind}_{which}" for kind in kinds for which in ("per_address", "total")
    ] + [each.name for each in fields(QuotaPolicy)]


def test_the_quotas_are_those_that_rows_are_counted_in() -> None:
    assert quota_policy(load_settings(environment())) == QuotaPolicy()
    changed = load_settings(environment(BUDGETS__REPLAYS_TOTAL="2000000"))
    assert quota_policy(changed).replays_total == 2_000_000


def test_the_checklist_says_how_much_space_the_budgets_and_quotas_need() -> None:
    checklist = (ROOT / "docs" / "operator" / "hardening.md").read_text("utf-8")
    budgets = sum(BudgetPolicy().of(kind).total for kind in get_args(BudgetKind))
    budgets += BudgetPolicy().account_mails_total
    quotas = 3 * QuotaPolicy().replays_total + QuotaPolicy().data_deletion_requests_total
    assert f"#storage-budgets), {budgets >> 20} MiB by default" in checklist
    assert f"#quotas-that-refuse), {quotas >> 20} MiB by default" in checklist


def test_the_limits_are_those_that_the_throttle_knows() -> None:
    assert load_settings(environment()).limits == ThrottlePolicy()


def written(leaf: Leaf) -> Any:
    return format_value(leaf.default)


@pytest.mark.parametrize("leaf", leaves(), ids=lambda leaf: leaf.name)
def test_a_default_that_is_written_out_changes_nothing(leaf: Leaf) -> None:
    assert load_settings({leaf.variable: written(leaf)}) == load_settings({})


@given(st.integers(0, 10**9))
def test_a_duration_is_read_as_it_is_spelled(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration


@given(st.integers(1, 10**6 - 1), st.integers(1, 10**6))
def test_a_limit_is_read_as_it_is_spelled(count: int, seconds: int) -> None:
    limit = Limit(count, timedelta(seconds=seconds))
    assert parse_limit(format_limit(limit)) == limit


@given(st.text(max_size=20) | st.from_regex(r"\A[0-9dhms per]{0,14}\Z"))
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    for parse in (parse_duration, parse_limit):
        with suppress(ValueError):
            assert isinstance(parse(text), timedelta | Limit)


@pytest.mark.parametrize("text", ["", "s", "1", "1 s", "-1s", "1S", "1h 5m", "1m1h", "٣s", "1.5h"])
def test_a_text_that_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


def test_a_server_with_bad_settings_does_not_start() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "quantimodo.cli.main", "serve"],
        env=environment(PORT="eight", WORKERS="0"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "QUANTIMODO_PORT must be a whole number" in done.stderr
    assert "QUANTIMODO_WORKERS must be from 1 to 64" in done.stderr
    assert "Traceback" not in done.stderr
