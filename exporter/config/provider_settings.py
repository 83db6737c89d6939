"""What an account says beside its secret where its provider's definition asks for it: its `settings`."""

from collections.abc import Iterator

from exporter.config import models
from exporter.documents.faults import Path, nearest
from exporter.documents.report import Report
from exporter.providers.definition import Definition, Setting
from exporter.providers.forms import names_in_headers
from exporter.providers.kinds import compiled
from exporter.providers.template import Template


def resolve_settings(account: models.Account, path: Path, provider: Definition, report: Report) -> dict[str, str]:
    """The settings that are right, the definition's defaults among them; `path` is the account's.

    One that stands in the provider's base URL alone is not required of an account with a base URL of its own.
    """
    asked, at = provider.settings, (*path, "settings")
    given = {name: value for name, value in (account.settings or {}).items() if value is not None}
    for name in [name for name in given if name not in asked]:
        hint = nearest(name, asked) if asked else "remove it"
        report.fault((*at, name), f"{provider.id} has no setting {{word}}", hint, word=name)
    values = {name: each.default for name, each in asked.items() if each.default is not None}
    in_headers = names_in_headers(provider)
    values |= {
        name: value
        for name, value in given.items()
        if name in asked and _is_right(value, asked[name], (*at, name), report, in_header=name in in_headers)
    }
    written = report.document.value_at(at)
    if written is None or isinstance(written, dict):
        for name in _required(provider, has_base_url=account.base_url is not None):
            if not isinstance(written, dict) or written.get(name) is None:
                message, hint = f"this is missing: {asked[name].about}", f"write settings: {{{name}: …}}"
                report.fault((*at, name), message, hint, at=at if isinstance(written, dict) else path)
    return values


def _required(provider: Definition, *, has_base_url: bool) -> list[str]:
    elsewhere = {name for _, text in _templates(provider) for name in text.names}
    spared = set(provider.base_url.names) - elsewhere if has_base_url else set()
    return [name for name, each in provider.settings.items() if each.default is None and name not in spared]


def _templates(provider: Definition) -> Iterator[tuple[Path, Template]]:
    """Every template but the base URL."""
    for api in provider.apis.values():
        yield from api.templates()
    for sign_in in provider.sign_in.values():
        yield from ((("options", key), text) for key, text in sign_in.options.items())
        yield from () if sign_in.session is None else sign_in.session.templates()
        yield from () if sign_in.token_url is None else [(("token_url",), sign_in.token_url)]


def _is_right(value: str, setting: Setting, path: Path, report: Report, *, in_header: bool) -> bool:
    if not value:
        report.fault(path, "this is empty", setting.about)
    elif not value.isprintable() or (in_header and not value.isascii()):
        report.fault(path, "{word} has characters that can't be sent", setting.about, word=value)
    elif setting.choices and value not in setting.choices:
        report.fault(path, "{word} is none of the choices", nearest(value, setting.choices), word=value)
    elif setting.pattern is not None and compiled(setting.pattern).fullmatch(value) is None:
        report.fault(path, f"{{word}} is not of the form {_shown(setting.pattern)}", setting.about, word=value)
    else:
        return True
    return False


def _shown(pattern: str) -> str:
    return pattern.replace("{word}", "…")
