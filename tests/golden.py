"""Every committed file that is made of something else; `python -m tests.golden`, from the root, writes those that changed.

`tests/test_golden.py` holds the files to it.
"""

import functools
import logging
from collections.abc import Mapping

from alerts import build as rules
from dashboards import build as dashboards
from docs import generate as docs
from docs.generate import ROOT


@functools.cache
def files() -> Mapping[str, str]:
    """What each file must be, by its path from the root."""
    # Now: pytest itself must be the first to import its test files.
    from tests import test_readme
    from tests.check import test_command
    from tests.metrics import test_exposition

    made = rules.files()
    alerts = (ROOT / "docs/alerts/README.md").read_text("utf-8")
    return {
        "docs/alerts/README.md": docs.filled(alerts, "alerts", docs.alerts_table(made["rules.yml"])),
        **{f"alerts/{name}": text for name, text in made.items()},
        **dashboards.files(),
        **docs.pages(),
        **test_readme.made(),
        "tests/golden/check.json": test_command.golden_json(),
        "tests/golden/check.table": test_command.golden_table(),
        "tests/golden/metrics.openmetrics": test_exposition.whole(openmetrics=True),
        "tests/golden/metrics.text": test_exposition.whole(openmetrics=False),
    }


def changed() -> Mapping[str, str]:
    """What each file must be that isn't so, or isn't there."""
    return {
        name: text
        for name, text in files().items()
        if not (ROOT / name).is_file() or (ROOT / name).read_text("utf-8") != text
    }


def main() -> None:
    """Write what isn't as it must be, and say so."""
    logging.disable()  # the accounts of the golden check fail as they should
    for name, text in changed().items():
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(text, "utf-8")
        print(name)


if __name__ == "__main__":
    main()
