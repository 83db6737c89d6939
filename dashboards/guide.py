"""The page of the documentation that says which question each panel answers."""

from collections.abc import Iterator, Sequence

from dashboards.frame import Page

_HEAD = """\
<!-- Made by dashboards/build.py: edit dashboards/*.py, then run make golden. -->

# Dashboards

Three Grafana dashboards, from the general to the particular. They read Prometheus alone, and need the rules of
[alerts](alerts/README.md): without them most panels say "no data".

| dashboard | answers | file |
|---|---|---|
"""

_USE = """\

## Use them

- **By hand**: in Grafana, Dashboards, New, Import, each of `dashboards/sms-*.json`; choose the data source above the
  dashboard.
- **Provisioned**: copy `dashboards/sms-*.json` to `/var/lib/grafana/dashboards/sms-exporter`, and
  `dashboards/provisioning/dashboards/` into Grafana's own `provisioning/dashboards/`. Only a Grafana that doesn't know
  your Prometheus yet needs `dashboards/provisioning/datasources/` too: set its `url`, and its `timeInterval` to your
  scrape interval. Two data sources that are the default keep Grafana from starting.
- **As code**: `make golden` writes all of these files out of `dashboards/*.py`, and `python -m dashboards.publishing
  FOLDER` those that ask for the data source, as grafana.com has them.

They are in Grafana's classic schema and use no plugin but Grafana's own panels, for Grafana 10 to 13. Every query is
tested against a Prometheus with five weeks of history, and so are the schema, the field's lint rules, and the words and
colours that the panels make of the answers; how they look has not been checked in a Grafana by these tests.

## Choices above the dashboards

- `Data source`: the Prometheus. `Job`, `Namespace` and `Instance`: which exporters; series of recording rules are one
  for an account, whatever the replicas, so `Instance` narrows the list of accounts but not those series.
  All is every exporter, not every job of the Prometheus. One that is down stays in view for a day after its last
  answer, and in `Up` for as long as it is a target of a job with `sms-exporter` in its name.
- `Namespace` is for Kubernetes, and All elsewhere. An account in two namespaces is two accounts: on the account's page
  choose one, or come from the `Namespace` column of the overview.
- `Provider` and `Account`: all of them on the overview, one of each on the account's page.

## Words and colours

- Grey is what isn't current: the provider can't be asked, or nobody asks. `last seen` says since when; in the overview
  `Age of data` does.
- Red is below a critical threshold or over, orange below a warning or overdue, blue calls for nothing. The thresholds
  are each account's own. A runway is in days; more than 60 are shown as 60.
- `No rules` means that the alerts' rules aren't evaluated: load `alerts/rules.yml`. Where they are and nothing is wrong
  it says `All is well`, and the table of alerts `No alert fires`.
- Job and namespace stand in the tables where the accounts have more than one. The marks of all accounts' alerts are off
  on the overview: switch them on above it.

Money is never added up across currencies, nor units that are sold instead of money across providers. Replicas of the
exporter count once, save for calls to the provider: each replica really makes its own.
"""


def guide(pages: Sequence[Page]) -> str:
    """The page, in Markdown."""
    rows = (f"| [{page.title}](#{_anchor(page.title)}) | {page.description} | `{page.uid}.json` |" for page in pages)
    return _HEAD + "\n".join(rows) + "\n" + _USE + "\n".join(line for page in pages for line in _page(page)) + "\n"


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _page(page: Page) -> Iterator[str]:
    yield f"\n## {page.title}\n"
    yield page.description
    for section in page.sections:
        yield f"\n### {page.title}: {section.title}\n"
        if section.folded:
            yield "A folded row: many accounts have nothing of it. Click its title to open it.\n"
        yield "| panel | question | when it looks bad | no data |"
        yield "|---|---|---|---|"
        for tile in section.tiles:
            yield f"| {tile.title} | {tile.question} | {tile.bad} | {tile.none} |"
    yield f"\nMarks in its graphs: {', '.join(mark.name for mark in page.marks)}."
