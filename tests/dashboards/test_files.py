"""Nothing else lies among the files that the sources make, and Grafana can read them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.build import files, pages
from dashboards.publishing import main
from tests.dashboards.reading import DASHBOARDS, ROOT, graphs

MADE = files()


def test_no_file_is_left_that_nothing_makes() -> None:
    found = [*ROOT.glob("dashboards/**/*.json"), *ROOT.glob("dashboards/**/*.yml")]
    assert {str(path.relative_to(ROOT)) for path in found} <= set(MADE)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a release publishes on grafana.com."""
    folder = tmp_path_factory.mktemp("published") / "grafana.com"
    main([str(folder)])
    return folder


def test_every_dashboard_and_nothing_else_is_published(published: Path) -> None:
    assert {path.name for path in published.iterdir()} == {f"{uid}.json" for uid in DASHBOARDS}


def places(left: Any, right: Any, at: str = "") -> Iterator[str]:
    """Where two documents differ, and where the right one has more."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in left.keys() | right.keys():
            yield from places(left.get(key), right.get(key), f"{at}/{key}")
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from places(one, other, f"{at}/{number}")
    elif left != right:
        yield at


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_the_variant_for_grafana_com_asks_for_the_data_source_and_differs_in_nothing_else(
    uid: str, published: Path
) -> None:
    variant = json.loads((published / f"{uid}.json").read_text("utf-8"))
    (asked,) = variant["__inputs"]
    assert (asked["name"], asked["type"], asked["pluginId"]) == ("DS_PROMETHEUS", "datasource", "prometheus")
    assert variant["templating"]["list"][0]["current"]["value"] == "${DS_PROMETHEUS}"
    assert set(places(DASHBOARDS[uid], variant)) == {
        "/__inputs",
        "/__elements",
        "/__requires",
        "/templating/list/0/current",
    }
    panels = {needed["id"] for needed in variant["__requires"] if needed["type"] == "panel"}
    assert panels == {panel["type"] for panel in graphs(DASHBOARDS[uid])}


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_a_dashboard_survives_the_models_of_grafanas_own_schema(uid: str) -> None:
    read = Dashboard.from_json(DASHBOARDS[uid])
    again = json.loads(json.dumps(read, cls=JSONEncoder))
    # The models fill in what is absent, and leave out a null; what stands there must stay as it is.
    lost = [place for place in places(again, DASHBOARDS[uid]) if _at(DASHBOARDS[uid], place) is not None]
    assert lost == []


def _at(document: Any, place: str) -> Any:
    for key in place.split("/")[1:]:
        document = document[int(key)] if isinstance(document, list) else document.get(key)
        if document is None:
            return None
    return document


def test_the_provisioning_files_say_what_grafana_asks_for() -> None:
    made = {name: yaml.safe_load(MADE[name]) for name in MADE if "/provisioning/" in name}
    (provider,) = made["dashboards/provisioning/dashboards/sms-exporter.yml"]["providers"]
    assert provider["type"] == "file"
    assert provider["allowUiUpdates"] is False
    assert provider["options"]["path"].startswith("/var/lib/grafana/dashboards/")
    (source,) = made["dashboards/provisioning/datasources/prometheus.yml"]["datasources"]
    assert (source["type"], source["uid"]) == ("prometheus", "prometheus")
    assert all(document["apiVersion"] == 1 for document in made.values())


def test_the_guide_names_every_panel_with_its_question() -> None:
    guide = MADE["docs/dashboards.md"]
    for page in pages():
        for section in page.sections:
            for tile in section.tiles:
                assert f"| {tile.title} | {tile.question} |" in guide
    titles = {panel["title"] for dashboard in DASHBOARDS.values() for panel in graphs(dashboard)}
    assert titles == {tile.title for page in pages() for section in page.sections for tile in section.tiles}
