"""Writes the dashboards and everything that is made of them: `python -m dashboards.build`, from the project's root."""

from collections.abc import Mapping
from pathlib import Path

from alerts.build import links
from dashboards import account, exporter, overview
from dashboards.frame import Page, document
from dashboards.guide import guide
from dashboards.publishing import DATA_SOURCE, LINT, PROVIDER, for_import, text

ROOT = Path(__file__).resolve().parent.parent


def pages() -> list[Page]:
    """The dashboards, in the order in which one looks at them."""
    runbooks, _ = links()
    return [overview.page(runbooks), account.page(runbooks), exporter.page(runbooks)]


def files() -> Mapping[str, str]:
    """Every file that is made, by its path from the root."""
    made = {}
    for page in pages():
        whole = document(page)
        made[f"dashboards/{page.uid}.json"] = text(whole)
        made[f"dashboards/grafana.com/{page.uid}.json"] = text(for_import(whole))
    made["dashboards/provisioning/dashboards/sms-exporter.yml"] = PROVIDER
    made["dashboards/provisioning/datasources/prometheus.yml"] = DATA_SOURCE
    made["dashboards/.lint"] = LINT
    made["docs/dashboards.md"] = guide(pages())
    return made


def main() -> None:
    """Write the files."""
    for name, content in files().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")


if __name__ == "__main__":
    main()
