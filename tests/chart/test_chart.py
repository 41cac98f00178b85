"""The Helm chart: its values are checked, its manifests are valid, and pods have no more rights
than the server needs.

Helm is not in Debian: `scripts/chart-manifests` lints the chart and renders it with the values of
`values/`. The tests read these manifests, and fail when the chart has changed since.
"""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from quantimodo.app.settings.reading import load_settings
from quantimodo.app.settings.tree import leaves
from support.checks import not_empty

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
CHART = ROOT / "deploy" / "helm" / "quantimodo"
SCRIPT = ROOT / "scripts" / "chart-manifests"
CASES = sorted(path.stem for path in (HERE / "values").glob("*.yaml"))
VERSIONS = ("v1.27.0", "v1.37.0")
each_case = pytest.mark.parametrize("case", CASES)


def read_yaml(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def merged(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """As Helm merges values: tables by their members, null removes one."""
    found = dict(defaults)
    for name, value in given.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, dict) and isinstance(found.get(name), dict):
            found[name] = merged(found[name], value)
        else:
            found[name] = value
    return found


@cache
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
    return found


def faults(given: dict[str, Any]) -> list[str]:
    """Where the chart refuses these values."""
    values = merged(read_yaml(CHART / "values.yaml"), given)
    return [
        ".".join(map(str, error.absolute_path)) or error.message
        for error in Draft7Validator(schema()).iter_errors(values)
    ]


@cache
def manifests(case: str) -> list[dict[str, Any]]:
    text = (HERE / "rendered" / f"{case}.yaml").read_text()
    return not_empty(each for each in yaml.safe_load_all(text) if each)


def of_kind(case: str, kind: str) -> dict[str, Any]:
    (found,) = [each for each in manifests(case) if each["kind"] == kind]
    return found


def workload(case: str) -> dict[str, Any]:
    return of_kind(case, "StatefulSet" if case.startswith("sqlite") else "Deployment")


def pod(case: str) -> dict[str, Any]:
    found: dict[str, Any] = workload(case)["spec"]["template"]["spec"]
    return found


def container(case: str) -> dict[str, Any]:
    (found,) = pod(case)["containers"]
    return dict(found)


@cache
def validator(version: str, kind: str) -> Draft202012Validator:
    document = json.loads((HERE / f"kubernetes-{version}.json").read_text())
    return Draft202012Validator({**document["kinds"][kind], "$defs": document["$defs"]})


def kind_of(manifest: dict[str, Any]) -> str:
    """As the files of schemas are named: deployment-apps-v1."""
    group, _, version = manifest["apiVersion"].rpartition("/")
    words = (manifest["kind"].lower(), group.partition(".")[0], version)
    return "-".join(word for word in words if word)


def leaves_of(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and value and path not in ("resources",):
            yield from leaves_of(value, f"{path}.")
        else:
            yield path, value


def described(path: str) -> str:
    """What the schema says of a value."""
    node = schema()
    for name in path.split("."):
        node = node["properties"][name]
    return str(node.get("description", ""))


def test_the_manifests_are_those_of_the_chart() -> None:
    loader = SourceFileLoader("chart_manifests", str(SCRIPT))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    script = module_from_spec(spec)
    loader.exec_module(script)
    for case in CASES:
        first = (HERE / "rendered" / f"{case}.yaml").read_text().partition("\n")[0]
        assert first.endswith(script.checksum(HERE / "values" / f"{case}.yaml")), (
            "the chart has changed: run scripts/chart-manifests"
        )
    assert {path.stem for path in (HERE / "rendered").iterdir()} == set(CASES)


@pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not in PATH, and not in Debian")
def test_helm_renders_the_same_now(tmp_path: Path) -> None:
    before = {case: (HERE / "rendered" / f"{case}.yaml").read_text() for case in CASES}
    copy = shutil.copytree(ROOT / "deploy", tmp_path / "deploy").parent
    (copy / "scripts").mkdir()
    shutil.copy(SCRIPT, copy / "scripts")
    shutil.copytree(HERE, copy / "tests" / "chart")
    subprocess.run([sys.executable, str(copy / "scripts" / SCRIPT.name)], check=True, timeout=60)
    after = {
        case: (copy / "tests" / "chart" / "rendered" / f"{case}.yaml").read_text() for case in CASES
    }
    assert after == before


@each_case
@pytest.mark.parametrize("version", VERSIONS)
def test_each_manifest_is_one_of_kubernetes(version: str, case: str) -> None:
    others = [each for each in manifests(case) if each["kind"] != "ServiceMonitor"]
    for manifest in not_empty(others):  # a ServiceMonitor is of the Prometheus operator
        found = list(validator(version, kind_of(manifest)).iter_errors(manifest))
        assert [f"{error.json_path}: {error.message}" for error in found] == []


def test_a_misspelt_field_of_a_manifest_would_be_noticed() -> None:
    wrong = json.loads(json.dumps(workload("sqlite")))
    wrong["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    assert list(validator(VERSIONS[1], kind_of(wrong)).iter_errors(wrong))


@each_case
def test_values_of_the_examples_are_accepted(case: str) -> None:
    assert faults(read_yaml(HERE / "values" / f"{case}.yaml")) == []


_GOOD: dict[str, Any] = {"issuer": "https://id.example.org"}
_POSTGRES = {"database": {"engine": "postgres", "postgres": {"secret": "database"}}}


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({}, "issuer"),
        ({"issuer": "http://id.example.org"}, "issuer"),
        ({"issuer": "https://id.example.org/path"}, "issuer"),
        ({**_GOOD, "wrokers": 2}, "wrokers"),
        ({**_GOOD, "database": {"engine": "mysql"}}, "database.engine"),
        ({**_GOOD, "database": {"engine": "postgres"}}, "database.postgres.secret"),
        ({**_GOOD, **_POSTGRES}, "secretKey.secret"),
        ({**_GOOD, "replicas": 0}, "replicas"),
        ({**_GOOD, "workers": 65}, "workers"),
        ({**_GOOD, "workers": "2"}, "workers"),
        ({**_GOOD, "image": {"digest": "sha256:0123"}}, "image.digest"),
        ({**_GOOD, "ingress": {"enabled": True}}, "trustedProxies"),
        ({**_GOOD, "trustedProxies": ["example.org"]}, "trustedProxies.0"),
        ({**_GOOD, "metrics": {"serviceMonitor": {"enabled": True}}}, "metrics.secret"),
        ({**_GOOD, "secretSettings": {"smtp.url": {"secret": "m", "key": "k"}}}, "secretSettings"),
        (
            {**_GOOD, "secretSettings": {"QUANTIMODO_DATABASE": {"secret": "m", "key": "k"}}},
            "secretSettings",
        ),
        (
            {**_GOOD, "secretSettings": {"QUANTIMODO_SMTP__URL": "smtp://a:b@example.org"}},
            "secretSettings.QUANTIMODO_SMTP__URL",
        ),
        ({**_GOOD, "terminationGracePeriodSeconds": 20}, "terminationGracePeriodSeconds"),
        ({**_GOOD, "podDisruptionBudget": {"maxUnavailable": 0}}, "maxUnavailable"),
        ({**_GOOD, "networkPolicy": {"outsidePorts": []}}, "outsidePorts"),
    ],
)
def test_values_that_cannot_work_are_refused(values: dict[str, Any], place: str) -> None:
    assert any(place in fault for fault in faults(values)), faults(values)


def test_each_value_is_described_and_has_its_row_in_the_readme() -> None:
    readme = (CHART / "README.md").read_text()
    rows = re.findall(r"^\| `([\w.]+)` \| `([^`]*)` \| (.*) \|$", readme, re.M)
    expected = [
        (path, json.dumps(value), described(path))
        for path, value in leaves_of(read_yaml(CHART / "values.yaml"))
    ]
    assert rows == expected


def test_the_chart_is_of_the_version_of_the_server() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert read_yaml(CHART / "Chart.yaml")["appVersion"] == project["version"]
    assert read_yaml(CHART / "Chart.yaml")["kubeVersion"] == f">={VERSIONS[0][1:-2]}.0-0"


@each_case
def test_a_pod_has_the_rights_of_the_restricted_standard(case: str) -> None:
    given = pod(case)
    context = given["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == context["runAsGroup"] == context["fsGroup"] == 10001
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(case)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(given)
    sources = {name for volume in given["volumes"] for name in volume if name != "name"}
    assert sources <= {"configMap", "emptyDir", "persistentVolumeClaim"}
    # The server calls no API of the cluster.
    assert given["automountServiceAccountToken"] is False
    assert of_kind(case, "ServiceAccount")["automountServiceAccountToken"] is False


@each_case
def test_a_secret_is_a_reference_and_stands_in_no_manifest(case: str) -> None:
    assert not [each for each in manifests(case) if each["kind"] == "Secret"]
    secrets = {leaf.variable for leaf in leaves() if leaf.secret}
    for variable in not_empty(container(case)["env"]):
        assert variable["name"] in {leaf.variable for leaf in leaves()} | {"QUANTIMODO_CONFIG"}
        if variable["name"] in secrets:
            assert set(variable["valueFrom"]["secretKeyRef"]) == {"name", "key"}


@each_case
def test_the_settings_of_a_pod_can_be_used(case: str, tmp_path: Path) -> None:
    of_secrets = {
        "QUANTIMODO_DATABASE": "postgresql://quantimodo:pw@postgres/quantimodo",
        "QUANTIMODO_SECRET_KEY": "A" * 43,
        "QUANTIMODO_METRICS_TOKEN": "0123456789abcdef",
        "QUANTIMODO_SMTP__URL": "smtp://mail.example.org:587",
    }
    given = {
        each["name"]: each.get("value") or of_secrets[each["name"]]
        for each in container(case)["env"]
    }
    if "QUANTIMODO_CONFIG" in given:
        file = tmp_path / "quantimodo.toml"
        file.write_text(of_kind(case, "ConfigMap")["data"][Path(given["QUANTIMODO_CONFIG"]).name])
        given["QUANTIMODO_CONFIG"] = str(file)
        mounted = {mount["name"]: mount["mountPath"] for mount in container(case)["volumeMounts"]}
        assert mounted["settings"] == "/etc/quantimodo"
    loaded = load_settings(given)
    values = read_yaml(HERE / "values" / f"{case}.yaml")
    assert loaded.issuer == values["issuer"]
    assert loaded.host == "0.0.0.0"  # noqa: S104
    assert [str(each) for each in loaded.trusted_proxies] == values.get("trustedProxies", [])
    assert {port["containerPort"] for port in container(case)["ports"]} == {loaded.port}
    # SIGTERM comes after the hook, and requests then have graceful_stop to finish.
    (_, seconds) = container(case)["lifecycle"]["preStop"]["exec"]["command"]
    patience = loaded.graceful_stop.total_seconds() + int(seconds)
    assert pod(case)["terminationGracePeriodSeconds"] > patience


@each_case
def test_the_writable_places_are_volumes(case: str) -> None:
    mounts = {mount["mountPath"]: mount for mount in container(case)["volumeMounts"]}
    assert set(mounts) - {"/etc/quantimodo"} == {"/var/lib/quantimodo", "/tmp"}
    volumes = {volume["name"]: volume for volume in pod(case)["volumes"]}
    assert volumes["temporary"]["emptyDir"]["medium"] == "Memory"
    if case == "sqlite":
        (claim,) = workload(case)["spec"]["volumeClaimTemplates"]
        assert claim["metadata"]["name"] == mounts["/var/lib/quantimodo"]["name"]
        assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    elif case == "sqlite-claim":
        assert volumes["data"]["persistentVolumeClaim"] == {"claimName": "identity-data"}
        assert "volumeClaimTemplates" not in workload(case)["spec"]


@each_case
def test_the_probes_request_addresses_that_are_served(case: str) -> None:
    paths = {
        name: container(case)[name]["httpGet"]["path"]
        for name in ("startupProbe", "readinessProbe", "livenessProbe")
    }
    assert paths == {
        "startupProbe": "/health/ready",
        "readinessProbe": "/health/ready",
        # A database that does not respond is no reason to restart the server.
        "livenessProbe": "/health/live",
    }


def test_sqlite_has_one_pod_and_postgresql_several() -> None:
    for case in ("sqlite", "sqlite-claim"):
        assert workload(case)["spec"]["replicas"] == 1
        assert "PodDisruptionBudget" not in {each["kind"] for each in manifests(case)}
    assert workload("postgres")["spec"]["replicas"] == 3
    assert workload("postgres")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    budget = of_kind("postgres", "PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] < workload("postgres")["spec"]["replicas"]
    assert "PodDisruptionBudget" not in {each["kind"] for each in manifests("postgres-one")}


@each_case
def test_all_objects_select_the_same_pods(case: str) -> None:
    labels = workload(case)["spec"]["template"]["metadata"]["labels"]
    selectors = [workload(case)["spec"]["selector"]["matchLabels"]]
    for each in manifests(case):
        spec = each.get("spec", {})
        if each["kind"] == "Service":
            selectors.append(spec["selector"])
        elif each["kind"] == "NetworkPolicy":
            selectors.append(spec["podSelector"]["matchLabels"])
        elif each["kind"] in ("PodDisruptionBudget", "ServiceMonitor"):
            selectors.append(spec["selector"]["matchLabels"])
    assert all(selector == selectors[0] for selector in selectors)
    assert selectors[0].items() <= labels.items()
    names = {each["metadata"]["name"] for each in manifests(case)}
    assert names == {"identity" if case == "sqlite-claim" else "id-quantimodo"}


def test_the_network_policy_allows_what_the_server_needs_alone() -> None:
    policy = of_kind("postgres", "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    (ingress,) = policy["ingress"]
    assert ingress["ports"] == [{"port": "http", "protocol": "TCP"}]
    assert len(ingress["from"]) == 2
    names, outside, database, mail = policy["egress"]
    assert {port["port"] for port in names["ports"]} == {53}
    assert [port["port"] for port in outside["ports"]] == [443, 465, 587]
    blocks = [peer["ipBlock"] for peer in outside["to"]]
    closed = [ip_network(network) for network in blocks[0]["except"]]
    assert all(not network.is_global for network in closed)
    assert ip_network("169.254.169.254/32").subnet_of(ip_network(blocks[0]["except"][2]))
    assert database["ports"][0]["port"] == 5432
    assert database["to"][0]["podSelector"]
    assert mail["ports"][0]["port"] == 25
    # SQLite needs no connection to a database.
    assert len(of_kind("sqlite", "NetworkPolicy")["spec"]["egress"]) == 2


def test_the_ingress_leads_the_host_of_the_issuer_to_the_service() -> None:
    spec = of_kind("postgres", "Ingress")["spec"]
    (rule,) = spec["rules"]
    assert rule["host"] == "id.example.org"
    assert spec["tls"] == [{"hosts": ["id.example.org"], "secretName": "id-example-org"}]
    (path,) = rule["http"]["paths"]
    service = of_kind("postgres", "Service")
    assert path["backend"]["service"]["name"] == service["metadata"]["name"]
    assert path["backend"]["service"]["port"]["name"] == service["spec"]["ports"][0]["name"]
    assert "Ingress" not in {each["kind"] for each in manifests("sqlite")}


def test_the_service_monitor_sends_the_token_of_the_metrics() -> None:
    monitor = of_kind("postgres", "ServiceMonitor")
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["path"] == "/metrics"
    given = {each["name"]: each for each in container("postgres")["env"]}
    reference = given["QUANTIMODO_METRICS_TOKEN"]["valueFrom"]["secretKeyRef"]
    assert endpoint["authorization"]["credentials"] == reference
    # deploy/monitoring/alerts.yaml names the job.
    job = monitor["spec"]["jobLabel"]
    assert of_kind("postgres", "Service")["metadata"]["labels"][job] == "quantimodo"
