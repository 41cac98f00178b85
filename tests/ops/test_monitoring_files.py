"""The alert rules and the dashboard in `deploy/monitoring/` work, and name metrics that exist."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from quantimodo.ops.metrics import Metrics
from support.checks import not_empty

FOLDER = Path(__file__).parents[2] / "deploy" / "monitoring"
DOCUMENT = Path(__file__).parents[2] / "docs" / "operator" / "monitoring.md"
NAME = re.compile(r"\bquantimodo_[a-z_]+")


def promtool(*arguments: str) -> str:
    """What promtool prints; it runs in the folder of the rules."""
    done = subprocess.run(
        ["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return not_empty(group["rules"])


def panels() -> list[dict[str, Any]]:
    return list(json.loads((FOLDER / "grafana-dashboard.json").read_text())["panels"])


def exposed() -> set[str]:
    """The names of the metrics that the server exposes, of a histogram that of its buckets."""
    found = re.findall(r"^# TYPE (\S+) (\S+)", Metrics().render().decode(), re.MULTILINE)
    return {f"{name}_bucket" if kind == "histogram" else name for name, kind in found}


def test_promtool_accepts_the_rules_and_their_tests_pass() -> None:
    assert f"{len(rules())} rules found" in promtool("check", "rules", "alerts.yaml")
    assert "SUCCESS" in promtool("test", "rules", "alerts.test.yaml")


def test_each_rule_has_a_test_a_line_in_the_document_and_a_severity() -> None:
    tests = yaml.safe_load((FOLDER / "alerts.test.yaml").read_text())["tests"]
    fired = {
        case["alertname"]
        for test in tests
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    document = DOCUMENT.read_text()
    for rule in rules():
        severity = rule["labels"]["severity"]
        assert rule["alert"] in fired
        assert f"| `{rule['alert']}` | {severity} |" in document
        assert set(rule["annotations"]) == {"summary", "description"}


def test_rules_and_panels_name_metrics_that_the_server_has() -> None:
    expressions = [rule["expr"] for rule in rules()]
    expressions += [target["expr"] for panel in panels() for target in panel["targets"]]
    named = {name for expression in expressions for name in NAME.findall(expression)}
    assert named == exposed()


def test_promtool_parses_each_expression_of_the_dashboard(tmp_path: Path) -> None:
    recorded = [
        {"record": f"panel:{panel['id']}:{target['refId']}", "expr": target["expr"]}
        for panel in panels()
        for target in panel["targets"]
    ]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}))
    assert f"{len(recorded)} rules found" in promtool("check", "rules", str(file))
    assert len({panel["id"] for panel in panels()}) == len(panels())
