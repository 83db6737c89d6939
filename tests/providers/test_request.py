"""What a definition's requests are made of: each value encoded for its place, and no secret in what is shown."""

import json
from typing import Any

import pytest

from exporter.documents import reader
from exporter.documents.report import Report
from exporter.documents.validate import validate
from exporter.providers.definition import Request, SignIn
from exporter.providers.request import Prepared, prepare, shown_url

BASE = "https://api.example.com/prefix"
SETTINGS = {"account": "a/b c", "data_center": "us5"}
SECRETS = {"api_key": "s&cret/é?"}


def request(**written: Any) -> Request:
    report = Report("request.yml", reader.read(json.dumps({"path": "/balance", **written})))
    made = validate(Request, report)
    report.raise_faults()
    return made


def prepared(written: dict[str, Any], sign_in: SignIn | None = None) -> Prepared:
    made = request(**written)
    return prepare(made, BASE, made.path, SETTINGS, SECRETS, sign_in)


def test_values_are_percent_encoded_in_path_and_query_and_documented_texts_stay() -> None:
    made = prepared(
        {"path": "/v1/{account}/x;y", "query": {"fields": "account_id,total", "who": "u:{account}", "k": "{api_key}"}}
    )
    assert made.method == "GET"
    assert made.url == f"{BASE}/v1/a%2Fb%20c/x;y?fields=account_id,total&who=u:a%2Fb%20c&k=s%26cret%2F%C3%A9%3F"
    assert made.headers == {"Accept": "application/json"}
    assert made.body is None
    assert made.holds_secret


def test_a_form_makes_a_post_of_a_form() -> None:
    made = prepared({"form": {"fmt": "3", "key": "{api_key}", "a b": "{{x}}"}})
    assert (made.method, made.body) == ("POST", b"fmt=3&key=s%26cret%2F%C3%A9%3F&a+b=%7Bx%7D")
    assert made.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert made.holds_secret


def test_json_makes_a_post_in_which_plain_scalars_are_json_and_quoted_ones_texts() -> None:
    text = 'path: /b\njson: {code: "{account}", stip: 2, rate: 0.5, on: true, "off": "false", none: null, list: [1, "1", {deep: "{api_key}"}]}'
    made = validate(Request, Report("request.yml", reader.read(text)))
    sent = prepare(made, BASE, made.path, SETTINGS, SECRETS)
    assert sent.method == "POST"
    assert sent.headers["Content-Type"] == "application/json"
    assert json.loads(sent.body or b"") == {
        "code": "a/b c", "stip": 2, "rate": 0.5, "on": True, "off": "false", "none": None,
        "list": [1, "1", {"deep": SECRETS["api_key"]}],
    }  # fmt: skip
    assert sent.holds_secret


def test_headers_are_filled_as_they_are_and_may_replace_what_is_accepted() -> None:
    made = prepared({"format": "xml", "headers": {"X-Account": "id {account}", "Accept": "text/xml"}})
    assert made.headers == {"Accept": "text/xml", "X-Account": "id a/b c"}
    assert not made.holds_secret


@pytest.mark.parametrize(
    ("format_", "accepted"), [("json", "application/json"), ("text", "text/plain"), ("xml", "application/xml")]
)
def test_what_is_read_is_asked_for(format_: str, accepted: str) -> None:
    assert prepared({"format": format_}).headers == {"Accept": accepted}


def test_a_key_may_go_into_the_query_or_the_form() -> None:
    query = prepared({"query": {"cur": "1"}}, SignIn(query="key"))
    assert query.url == f"{BASE}/balance?cur=1&key=s%26cret%2F%C3%A9%3F"
    form = prepared({}, SignIn(form="apikey"))
    assert (form.method, form.body) == ("POST", b"apikey=s%26cret%2F%C3%A9%3F")
    assert query.holds_secret
    assert form.holds_secret


def test_a_secret_is_shown_by_its_name_alone() -> None:
    made = request(path="/v1/{api_key}/{account}/info.json", query={"k": "{api_key}", "limit": "1"})
    shown = shown_url(made, BASE, made.path, SETTINGS)
    assert shown == f"{BASE}/v1/{{api_key}}/a%2Fb%20c/info.json?k={{api_key}}&limit=1"
