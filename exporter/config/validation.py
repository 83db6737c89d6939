"""What a person is told of a configuration's keys: where one belongs, and which forms a provider takes."""

import re
from collections.abc import Mapping

from exporter.config import models
from exporter.config.confidential import AUTH_KEYS, may_be_secret
from exporter.config.credentials import auth_keys, form_example, forms_hint, keys_example
from exporter.documents.faults import Path, closest, nearest
from exporter.documents.model import Advice, Model, slip_in
from exporter.documents.reader import Document
from exporter.documents.report import Report
from exporter.providers.definition import Definition
from exporter.readings import UNITS

_BELOW: Mapping[str, type[Model]] = {
    "thresholds": models.Limits,
    "http": models.Http,
    "http.tls_config": models.Tls,
    "tls_config": models.Tls,
    "prices": models.Prices,
}
"""Mappings in which a key may belong that stands above them."""


class Hints(Advice):
    """The advice for a configuration whose accounts name these providers."""

    def __init__(self, providers: Mapping[str, Definition]) -> None:
        self._providers = providers

    def unknown_key(self, report: Report, path: Path, model: type[Model]) -> None:
        """Notes a key that doesn't belong where it stands; one under `auth` may be a secret itself."""
        key, valid = str(path[-1]), [*model.fields]
        slip = slip_in(key, model)
        if slip is not None:
            report.fault(path[:-1], *slip, at=path)
        elif "auth" in path[:-1]:
            provider = self._provider_at(path, report.document)
            offered = auth_keys(provider) if model is models.Auth else valid
            close = closest(key, offered)
            otherwise = forms_hint(provider) if model is models.Auth else f"valid are {', '.join(valid)}"
            hint = f"did you mean {close}?" if close else otherwise
            report.fault(path[:-1] if may_be_secret(key) else path, "unknown key", hint, at=path)
        elif key in models.Account.fields and model in {models.File, models.AccountFile, models.Defaults}:
            report.fault(path, "unknown key", f"it belongs to an account; {nearest('', valid)}")
        elif below := self._below(key, path, model, report.document):
            report.fault(path, "unknown key", f"it belongs under {below}")
        elif model is models.CreditLimits:
            capitals = key.upper() if re.fullmatch("[A-Za-z]{3}", key) else None
            known = [*valid, *UNITS, "or a currency like EUR"]
            report.fault(
                path, "unknown key", f"did you mean {capitals}?" if capitals else nearest(key, known), word=key
            )
        else:
            super().unknown_key(report, path, model)

    def _below(self, key: str, path: Path, model: type[Model], document: Document) -> str | None:
        """The mapping below this one that a key belongs to."""
        if model is models.Account:
            provider = self._provider_at(path, document)
            if provider is not None and key in provider.settings:
                return "settings"
            if key in AUTH_KEYS:
                return "auth"
        for place, below in _BELOW.items():
            if place.partition(".")[0] in model.fields and key in below.fields:
                return place
        return None

    def example(self, report: Report, path: Path, model: type[Model]) -> str:
        """How a mapping is written: `auth` in a form that the account's provider takes."""
        if model is models.Auth:
            return form_example(self._provider_at(path, report.document))
        return keys_example(self._provider_at(path, report.document)) if model is models.Keys else model.example

    def items(self, path: Path) -> str:
        """How a list is written."""
        return "begin each account with - name:" if path == ("accounts",) else super().items(path)

    def _provider_at(self, path: Path, document: Document) -> Definition | None:
        """The provider of the account that a path leads into."""
        name = document.value_at((*path[:2], "provider"))
        return self._providers.get(name) if isinstance(name, str) else None
