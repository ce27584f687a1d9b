"""Route templates: matching, constraints, and templates that are refused."""

import pytest

from local.functions_host.routes import RouteError, parse_template

GUID = "0b6ef9a1-7a67-4a3c-9f65-9f2b62b1a111"


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("jobs", "jobs", {}),
        ("jobs", "JOBS/", {}),
        ("jobs", "jobs//", None),
        ("jobs/{id}", "jobs/a", {"id": "a"}),
        ("jobs/{id}", "jobs", None),
        ("jobs/{id}", "jobs/", None),
        ("jobs/{id}", "jobs/a/b", None),
        ("jobs/{id}/cancel", "jobs/a/cancel", {"id": "a"}),
        ("jobs/{id?}", "jobs", {}),
        ("jobs/{id=new}", "jobs", {"id": "new"}),
        ("jobs/{id=new}", "jobs/x", {"id": "x"}),
        ("{*rest}", "", {}),
        ("{*rest}", "a/b", {"rest": "a/b"}),
        ("{id}", "a%2Fb%20c", {"id": "a%2Fb c"}),
        ("a/{id:int}", "a/-12", {"id": "-12"}),
        ("a/{id:int}", "a/2147483648", None),
        ("a/{id:long}", "a/2147483648", {"id": "2147483648"}),
        ("a/{id:int?}", "a", {}),
        ("a/{id:bool}", "a/TRUE", {"id": "TRUE"}),
        ("a/{id:bool}", "a/1", None),
        ("a/{id:alpha}", "a/abc", {"id": "abc"}),
        ("a/{id:alpha}", "a/ab1", None),
        ("a/{id:guid}", f"a/{GUID}", {"id": GUID}),
        ("a/{id:guid}", "a/x", None),
        ("a/{id:decimal}", "a/1.5", {"id": "1.5"}),
        ("a/{id:double}", "a/1e5", {"id": "1e5"}),
        ("a/{id:float}", "a/x", None),
        ("a/{id:length(3)}", "a/abc", {"id": "abc"}),
        ("a/{id:length(2,3)}", "a/a", None),
        ("a/{id:minlength(2)}", "a/a", None),
        ("a/{id:maxlength(2)}", "a/abc", None),
        ("a/{id:min(5)}", "a/4", None),
        ("a/{id:max(5)}", "a/6", None),
        ("a/{id:range(5,6)}", "a/6", {"id": "6"}),
        ("a/{id:regex(^x+$)}", "a/XX", {"id": "XX"}),
        ("a/{id:regex(^x+$)}", "a/xy", None),
        ("a/{id:int:min(5)}", "a/4", None),
    ],
)
def test_template_matches_as_aspnet_does(template: str, path: str, expected: dict[str, str] | None) -> None:
    """Parameters of a path that fits; None for one that does not."""
    assert parse_template(template).match(path) == expected


@pytest.mark.parametrize("template", ["{*rest}/more", "a/{id:odd}", "a/{id}.json", "a/{id:int(5)}", "a/{id:min}"])
def test_template_that_cannot_be_served_is_refused(template: str) -> None:
    """Rather refused at start than matched wrongly."""
    with pytest.raises(RouteError, match="route"):
        parse_template(template)


@pytest.mark.parametrize("template", ["admin", "Admin/x", "runtime/webhooks"])
def test_reserved_templates_are_known(template: str) -> None:
    """The host's own routes win."""
    assert parse_template(template).is_reserved
    assert not parse_template(f"my/{template}").is_reserved
