# ruff: noqa: INP001  # a script beside the rules, no package
"""Writes the rules that are shipped, out of the mixin: for Prometheus, and the same for its Kubernetes operator.

`python alerts/build.py` writes them; `--config` takes a file of your own that goes over the mixin's `_config`.
"""

import argparse
import json
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import _gojsonnet as jsonnet
import yaml

HERE = Path(__file__).resolve().parent
MIXIN = HERE / "mixin"

NOTICE = "# Made of alerts/mixin by alerts/build.py: edit there, then run make golden.\n"
RESOURCE = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "PrometheusRule",
    "metadata": {
        "name": "sms-exporter",
        "labels": {"app.kubernetes.io/name": "sms-exporter", "app.kubernetes.io/part-of": "sms-exporter"},
    },
}

_KEYS = (
    *("record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"),
    *("summary", "description", "runbook_url", "dashboard_url"),
)
"""The order in which a person reads what Jsonnet has sorted by name."""

_WIDTH = 160
"""Texts are folded to it where they have spaces; expressions have the lines of their source."""


class _Dumper(yaml.SafeDumper):
    """YAML as one writes it by hand: lists indented, expressions in blocks, long texts folded."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)

    def write_folded(self, text: str) -> None:
        # PyYAML itself breaks a line behind the width: at the end of the word that went past it.
        self.write_indicator(">-", need_whitespace=True)
        for line in textwrap.wrap(text, _WIDTH - self.indent, break_long_words=False, break_on_hyphens=False):
            self.write_indent()
            self.write_indicator(line, need_whitespace=False)


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # Folding keeps no runs of spaces.
    folds = len(text) > 0.8 * _WIDTH and 1 < len(text.split(" ")) == len(text.split())
    style = "|" if "\n" in text else ">" if folds else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def _dumped(document: dict[str, Any]) -> str:
    text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return NOTICE + re.sub(r"(?<!:\n)^(?= +- (?:name|alert|record): )", "\n", text, flags=re.MULTILINE)


def _ordered(rule: dict[str, Any]) -> dict[str, Any]:
    # A key that isn't listed stands last.
    ranked = sorted(rule.items(), key=lambda item: _KEYS.index(item[0]) if item[0] in _KEYS else len(_KEYS))
    return {key: _ordered(value) if isinstance(value, dict) else value for key, value in ranked}


def evaluated(expression: str) -> Any:
    """What an expression comes to in which `mixin` is the mixin; RuntimeError with Jsonnet's words for a faulty one."""
    source = f"local mixin = import {json.dumps(str(MIXIN / 'mixin.libsonnet'))}; {expression}"
    return json.loads(jsonnet.evaluate_snippet("alerts/build.py", source))


def runbooks() -> str:
    """The folder of the alerts' pages."""
    pattern: str = evaluated("mixin._config.runbookURLPattern")
    return pattern.removesuffix("/%s.md")


def files(config: Path | None = None) -> dict[str, str]:
    """All that is made, by its path from this folder; `config` is a file of Jsonnet that goes over `_config`."""
    changes = f"import {json.dumps(str(config.resolve()))}" if config else "{}"
    rules = f"local own = mixin {{ _config+:: ({changes}) }}; own.prometheusRules.groups + own.prometheusAlerts.groups"
    groups = [
        {"name": group["name"], "interval": group["interval"], "rules": [_ordered(rule) for rule in group["rules"]]}
        for group in evaluated(rules)
    ]
    return {
        "rules.yml": _dumped({"groups": groups}),
        "kubernetes/prometheus-rule.yml": _dumped({**RESOURCE, "spec": {"groups": groups}}),
    }


def flags() -> argparse.ArgumentParser:
    """What the command line takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, metavar="FILE", help="an object of Jsonnet that goes over `_config`")
    parser.add_argument("--out", type=Path, default=HERE, metavar="FOLDER", help="where to write (default: here)")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files."""
    options = flags().parse_args(arguments)
    try:
        made = files(options.config)
    except RuntimeError as error:
        raise SystemExit(str(error)) from None
    for name, text in made.items():
        path = options.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
