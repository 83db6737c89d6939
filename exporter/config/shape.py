"""Checks the shape of a configuration, and keeps what is right of one that has faults."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from exporter.config import models
from exporter.config.credentials import auth_keys, form_example, forms_hint
from exporter.config.report import Report, may_be_secret
from exporter.documents import Value, kind
from exporter.faults import Path, closest, nearest
from exporter.providers.definition import Definition

_UNIT = re.compile(models.UNIT_PATTERN)


def checked(report: Report, providers: Mapping[str, Definition]) -> models.File:
    """The file's models, without the parts that are wrong: each of those is in the report."""
    value = report.document.value
    wrong = [*_unknown_units(value, report)]
    if wrong:
        value = _without(value, wrong)
    try:
        return models.File.model_validate(value)
    except ValidationError as error:
        # A part that an alias repeats is wrong at each of its places.
        details = error.errors(include_url=False)
    paths = []
    for detail in details:
        paths.append(detail["loc"])
        _note(detail, report, _provider_at(detail["loc"], report, providers))
    return models.File.model_validate(_without(value, paths))


def _provider_at(path: Path, report: Report, providers: Mapping[str, Definition]) -> Definition | None:
    """The provider of the account that a path leads into."""
    name = report.document.value_at((*path[:2], "provider"))
    return providers.get(name) if isinstance(name, str) else None


def _note(detail: ErrorDetails, report: Report, provider: Definition | None) -> None:
    path = detail["loc"]
    match detail["type"]:
        case "fault":
            report.fault(path, detail["ctx"]["message"], detail["ctx"]["hint"])
        case "extra_forbidden":
            _note_unknown(path, report, provider)
        case "list_type":
            hint = "begin each account with - name:" if path == ("accounts",) else "write it like [one, two]"
            report.fault(path, f"a list belongs here, not {kind(detail['input'])}", hint)
        case _:
            # What is left is a mapping that isn't one: our scalars raise "fault" alone.
            model = _model_at(path)
            example = form_example(provider) if model is models.Auth else model.example if model else "{key: value}"
            report.fault(path, f"a mapping belongs here, not {kind(detail['input'])}", f"write it like {example}")


def _note_unknown(path: Path, report: Report, provider: Definition | None) -> None:
    key = str(path[-1])
    model = _model_at(path[:-1]) or models.File
    valid = list(model.model_fields)
    if path == ("provider_files",):
        report.fault(path, "this key is reserved for a later version", "remove it")
    elif "auth" in path[:-1]:
        offered = auth_keys(provider) if model is models.Auth else valid
        close = closest(key, offered)
        otherwise = forms_hint(provider) if model is models.Auth else f"valid are {', '.join(valid)}"
        hint = f"did you mean {close}?" if close else otherwise
        report.fault(path[:-1] if may_be_secret(key) else path, "unknown key", hint, at=path)
    elif key in models.Auth.model_fields and model is models.Account:
        report.fault(path, "unknown key", "it belongs under auth")
    elif key in models.Account.model_fields and model in {models.File, models.Defaults}:
        report.fault(path, "unknown key", f"it belongs to an account; {nearest('', valid)}")
    else:
        report.fault(path, "unknown key", nearest(key, valid), word=key)


def _unknown_units(value: Value, report: Report) -> list[Path]:
    """Keys of a credit threshold that are neither a limit nor a unit."""
    file = value if isinstance(value, dict) else {}
    accounts = file.get("accounts")
    layers: list[tuple[Path, Value]] = [(("defaults",), file.get("defaults"))]
    layers += [(("accounts", index), each) for index, each in enumerate(accounts if isinstance(accounts, list) else [])]
    found: list[Path] = []
    for path, layer in layers:
        credit = _at(layer, "thresholds", "credit")
        for key in credit if isinstance(credit, dict) else ():
            if key in models.NumberPair.model_fields or _UNIT.fullmatch(key):
                continue
            found.append((*path, "thresholds", "credit", key))
            capitals = key.upper() if re.fullmatch("[A-Za-z]{3}", key) else None
            known = ["warning", "critical", "credits", "messages"]
            hint = f"did you mean {capitals}?" if capitals else nearest(key, [*known, "or a currency like EUR"])
            report.fault(found[-1], "unknown key", hint, word=key)
    return found


def _at(value: Value, *keys: str) -> Value:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _model_at(path: Path) -> type[models.Written] | None:
    """The model of the mapping at a path; None where it has free keys."""
    model: Any = models.File
    for step in path:
        if isinstance(step, int):
            continue
        found = _MODELS.get((model, step)) or _MODELS.get((model, "*"))
        if found is None:
            return None
        model = found
    return model  # type: ignore[no-any-return]


class _Free(models.Written):
    """Stands for the mapping whose keys are apis."""

    example = "{credit: {cache_ttl: 1h}}"


_MODELS: dict[tuple[Any, str], Any] = {
    (models.File, "defaults"): models.Defaults,
    (models.File, "accounts"): models.Account,
    **{
        (holder, key): model
        for holder in (models.Defaults, models.Account)
        for key, model in {"thresholds": models.Limits, "http": models.Http}.items()
    },
    (models.Account, "auth"): models.Auth,
    (models.Account, "prices"): models.Prices,
    (models.Account, "api_settings"): _Free,
    (_Free, "*"): models.ApiKeys,
    **{(models.Auth, name): block for name, block in models.FORM_BLOCKS.items()},
    (models.Http, "tls_config"): models.Tls,
    (models.Limits, "credit"): models.CreditLimits,
    (models.CreditLimits, "*"): models.NumberPair,
    (models.Limits, "runway"): models.DurationPair,
    (models.Limits, "contacts_used_ratio"): models.RatioPair,
    (models.Limits, "subscription_remaining"): models.DurationPair,
}


def _without(value: Value, paths: Iterable[Path]) -> Any:
    """A copy without some parts: a faulty list goes as a whole, a faulty account leaves an empty one."""
    tree = _Cuts()
    for path in paths:
        node = tree
        for step in path[:-1]:
            node = node.setdefault(step, _Cuts())
        node[path[-1]] = _Cuts()
    return _cut(value, tree)


class _Cuts(dict[str | int, "_Cuts"]):
    """The parts to cut out of one value; one without parts is cut as a whole."""


def _cut(value: Any, cuts: _Cuts) -> Any:
    kept = {}
    for key, item in value.items():
        if key not in cuts:
            kept[key] = item
        elif key == "accounts" and cuts[key] and isinstance(item, list):
            kept[key] = [
                ({} if not cuts[key][index] else _cut(each, cuts[key][index])) if index in cuts[key] else each
                for index, each in enumerate(item)
            ]
        elif cuts[key] and isinstance(item, dict):
            kept[key] = _cut(item, cuts[key])
    return kept
