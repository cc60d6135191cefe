"""The rules of URL templates of tracking pages."""

import pytest

from graphql_app.domain import url_templates


@pytest.mark.parametrize(
    "template",
    [
        "https://example.com/{trackingNumber}",
        "http://example.com:8080?n={trackingNumberRaw}",
        "https://jouw.postnl.nl/track-and-trace/{trackingNumber}-{country}-{postalCode}",
        "https://www.royalmail.com/track-your-item#/tracking-results/{trackingNumber}",
        "https://münchen.example/ü/{trackingNumber}{trackingNumber}",
    ],
)
def test_valid_templates(template: str) -> None:
    assert url_templates.problem(template) is None


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("javascript:alert(1)//{trackingNumber}", "Must start with https:// or http://."),
        ("https://example.com/track", "Must contain the placeholder {trackingNumber} or {trackingNumberRaw}."),
        ("https://example.com/{postalCode}", "Must contain the placeholder {trackingNumber} or {trackingNumberRaw}."),
        ("https://example.com/{trackingnumber}", "Braces are allowed only in the placeholders {trackingNumber}, "),
        ("https://example.com/{trackingNumber}/{zip}", "Braces are allowed only in the placeholders "),
        ("https://example.com/{trackingNumber", "Braces are allowed only in the placeholders "),
        ("https://example.com/{{trackingNumber}}", "Braces are allowed only in the placeholders "),
        ("https://example.com/a b/{trackingNumber}", "Must not contain whitespace or any of the characters "),
        ("https://example.com/\u00a0{trackingNumber}", "Must not contain whitespace or any of the characters "),
        ("https://example.com/\n{trackingNumber}", "Must not contain whitespace or any of the characters "),
        ('https://example.com/"{trackingNumber}', "Must not contain whitespace or any of the characters "),
        ("https://{trackingNumber}/", "Must have a host name without placeholders, "),
        ("https://{country}.example.com/{trackingNumber}", "Must have a host name without placeholders, "),
        ("https://user@example.com/{trackingNumber}", "Must have a host name without placeholders, "),
        ("https:///{trackingNumber}", "Must have a host name without placeholders, "),
        ("https://example.com{trackingNumber}", "Must have a host name without placeholders, "),
    ],
)
def test_the_reason_why_a_template_is_invalid(template: str, problem: str) -> None:
    assert (url_templates.problem(template) or "").startswith(problem)
