"""One account: its credit, its plan, its contacts, its prices, and whether it can be asked."""

from dashboards import collection, credit, now, plan, tables, words
from dashboards.frame import Mark, Page, Section, Variable, targets
from dashboards.queries import ONE, TARGETS

UID = "sms-account"


def page(runbooks: str) -> Page:
    """The dashboard; `runbooks` is the URL of the folder of the alerts' pages."""
    return Page(
        uid=UID,
        title="SMS account",
        description="One account at one provider: choose both above. The overview leads here for each account.",
        variables=[
            *targets("sms_account_up"),
            Variable("provider", f"label_values(sms_account_up{{{TARGETS}}}, provider)", multi=False),
            Variable(
                "account", f'label_values(sms_account_up{{{TARGETS}, provider="$provider"}}, account)', multi=False
            ),
        ],
        marks=[
            Mark(
                "Alerts",
                ONE.alerts(),
                title="{{alertname}}",
                text="{{severity}}",
                tags="severity",
                colour=words.RED,
                enabled=True,
            ),
            Mark(
                "Top-ups",
                credit.topped_up("$__interval"),
                title="Top-up",
                text="The balance in {{currency}} {{wallet}} rose above all that was there an hour before.",
                tags="currency",
                colour="green",
                enabled=True,
            ),
        ],
        sections=[
            Section(
                "Now",
                [
                    now.state(),
                    now.credit(),
                    now.balance_now(),
                    now.runway_now(),
                    now.plan(),
                    now.renews(),
                    now.asked(),
                    tables.alerts(ONE, runbooks, 24),
                ],
            ),
            Section("Credit", [credit.balance(), credit.runway(), credit.spend_hour(), credit.spend_day()]),
            Section(
                "Can it be asked?",
                [collection.apis(), collection.reasons(), collection.age(), collection.calls(), collection.duration()],
            ),
            Section("Plan", [plan.status(), plan.features(), plan.particulars()], folded=True),
            Section("Contacts", [plan.quota(), plan.contacts()], folded=True),
            Section(
                "Top-ups, terms, messages and prices, where the provider tells them",
                [credit.last_topup(), credit.terms(), credit.messages(), plan.prices()],
                folded=True,
            ),
        ],
        refresh="1m",
        span="7d",
        links=[("Runbooks", f"{runbooks}/README.md")],
    )
