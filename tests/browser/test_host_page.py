"""The page at /_host of the Functions host stand-in, in a real browser."""

import re
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenTab, Tab
from tests.integration.functions_host.running_host import RunningHost

PHONE = {"width": 360, "height": 740}
EVIL = '<img src=x onerror="window.harmed = 1"><script>window.harmed = 2</script>'
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """One host; each test starts instances of its own."""
    running = RunningHost(tmp_path_factory.mktemp("page") / "state").start()
    yield running
    running.stop()


@pytest.fixture
def own() -> str:
    """A prefix of ids that only this test uses."""
    return f"t{uuid.uuid4().hex[:8]}-"


@pytest.fixture
def visit(host: RunningHost, open_tab: OpenTab) -> Callable[..., Tab]:
    """Open the page at what stands behind its #."""

    def visit(place: str = "", **options: Any) -> Tab:
        tab = open_tab(f"{host.base}/_host{place}", **options)
        expect(tab.page.locator("#live")).to_have_text("live")
        return tab

    return visit


def rows(page: Page) -> list[str]:
    """The ids that the list shows, in order."""
    return page.locator(".rows code").all_inner_texts()


def test_orchestrations_are_listed_newest_first(host: RunningHost, visit: Callable[..., Tab], own: str) -> None:
    """Each row tells name, id, state and age, and the newest instance comes first."""
    for number in range(3):
        host.run("chain", number, f"{own}{number}")
    page = visit(f"#/instances?id={own}").page
    expect(page.locator(".rows li")).to_have_count(3)
    assert rows(page) == [f"{own}2", f"{own}1", f"{own}0"]
    first = page.locator(".rows li").first
    expect(first.locator("b")).to_have_text("chain")
    expect(first.get_by_role("img", name="Completed")).to_be_visible()
    expect(first.locator(".words")).to_have_text("step 3")
    expect(first.locator("time")).to_have_text(re.compile("ago|now"))


def test_each_filter_narrows_the_list(host: RunningHost, visit: Callable[..., Tab], own: str) -> None:
    """State, beginning of name or id, and time each leave what they name, and stand in the address."""
    host.run("raises", None, f"{own}bad")
    host.run("chain", None, f"{own}good")
    host.run("chain", None, f"{own}old")
    with closing(sqlite3.connect(host.state / "store.sqlite3")) as db, db:
        db.execute("UPDATE instances SET created_us = created_us - 7200000000 WHERE id = ?", (f"{own}old",))
    page = visit().page
    page.get_by_label("Id begins with").fill(own)
    expect(page.locator(".rows li")).to_have_count(3)
    page.get_by_role("button", name="Failed").click()
    expect(page.locator(".rows code")).to_have_text([f"{own}bad"])
    page.get_by_role("button", name="Failed").click()
    page.get_by_label("Name begins with").fill("CHA")
    expect(page.locator(".rows code")).to_have_text([f"{own}good", f"{own}old"])
    page.get_by_label("Started").select_option("last hour")
    expect(page.locator(".rows code")).to_have_text([f"{own}good"])
    assert page.url.endswith(f"#/instances?id={own}&name=CHA&within=3600")
    page.get_by_label("Name begins with").fill("nothing of that name")
    expect(page.get_by_text("Nothing matches these filters.")).to_be_visible()


def test_an_instance_shows_all_that_is_known_of_it(host: RunningHost, visit: Callable[..., Tab]) -> None:
    """Input, output, custom status and every event of the history are there; replays when asked for."""
    instance = host.begin("chain", {"prompt": "a fox"})
    status = host.final(instance)
    page = visit(f"#/instances/{instance}").page
    expect(page.get_by_role("heading", name="chain")).to_be_visible()
    expect(page.locator(".state")).to_have_text(status["runtimeStatus"])
    expect(page.get_by_role("region", name="Input").locator("pre").first).to_contain_text('"prompt": "a fox"')
    expect(page.get_by_role("region", name="Why it ended")).to_contain_text("add_one")
    history = page.locator(".history li")
    expect(history).to_have_count(4)  # started, scheduled, failed, completed
    expect(page.get_by_role("region", name="History").locator("small")).to_have_text("4")
    page.get_by_label("show replays").check()
    expect(history).to_have_count(8)
    failed = history.filter(has_text="task failed")
    failed.locator("summary").click()
    expect(failed.locator("pre")).to_contain_text('"task_id": 0')


def test_the_timeline_pictures_every_kind_of_waiting(host: RunningHost, visit: Callable[..., Tab]) -> None:
    """Activities, timers, children and events stand on one axis, and what failed looks it."""
    retrying, family, waiting = host.begin("retrying", 2), host.begin("family"), host.begin("waits_with_deadline", 600)
    host.raise_event(waiting, 1)
    for instance in (retrying, family, waiting):
        host.final(instance)
    page = visit(f"#/instances/{retrying}").page
    expect(page.locator(".mark.activity.failed")).to_have_count(1)
    expect(page.locator(".mark.activity.done")).to_have_count(1)
    expect(page.locator(".mark.timer.done")).to_have_count(1)
    lefts = [
        page.locator(f".mark.{kind} rect").first.bounding_box()
        for kind in ("own", "failed", "timer", "done:not(.own):not(.timer)")
    ]
    assert all(lefts)
    assert [box["x"] for box in lefts if box] == sorted(box["x"] for box in lefts if box)
    page.goto(f"{host.base}/_host#/instances/{family}")
    expect(page.locator(".mark.child")).to_have_count(3)
    page.locator(".timeline a").first.click()
    expect(page.get_by_role("heading", name="chain")).to_be_visible()
    expect(page.get_by_text("child of")).to_contain_text(family)
    page.goto(f"{host.base}/_host#/instances/{waiting}")
    expect(page.locator(".mark.event path")).to_have_count(1)
    expect(page.locator(".mark.timer.dropped, .mark.timer.open")).to_have_count(1)
    expect(page.get_by_role("img", name=re.compile("Timeline of waits_with_deadline, Completed"))).to_be_visible()


def test_the_page_follows_without_a_reload(host: RunningHost, visit: Callable[..., Tab], own: str) -> None:
    """A change made elsewhere appears in the list and in the instance of a page that was only left open."""
    host.begin("waits", None, f"{own}1")
    host.until(f"{own}1", lambda status: status["runtimeStatus"] == "Running")
    page = visit(f"#/instances/{own}1?id={own}").page
    expect(page.locator(".state")).to_have_text("Running")
    page.evaluate("window.sameDocument = true")
    host.raise_event(f"{own}1", {"from": "elsewhere"})
    expect(page.locator(".state")).to_have_text("Completed")
    expect(page.get_by_role("region", name="Output")).to_contain_text("elsewhere")
    host.begin("waits", None, f"{own}2")
    expect(page.locator(".rows code")).to_have_text([f"{own}2", f"{own}1"])
    assert page.evaluate("window.sameDocument")


def test_a_hidden_page_asks_nothing(host: RunningHost, open_tab: OpenTab) -> None:
    """While nobody looks, the page sends no request; it catches up at once when it is looked at again."""
    tab = open_tab("about:blank")
    tab.page.clock.install()
    tab.page.goto(f"{host.base}/_host")
    expect(tab.page.locator("#live")).to_have_text("live")
    seen = (
        "Object.defineProperty(document, 'hidden', {{ get: () => {}, configurable: true }});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    tab.page.evaluate(seen.format("true"))
    expect(tab.page.locator("#live")).to_have_text("paused")
    tab.requests.clear()
    tab.page.clock.run_for(60_000)
    assert tab.requests == []
    tab.page.evaluate(seen.format("false"))
    expect(tab.page.locator("#live")).to_have_text("live")
    assert tab.requests


def test_suspend_resume_and_events_act_at_once(host: RunningHost, visit: Callable[..., Tab]) -> None:
    """What can be undone is done by one press; an event asks for its name and takes JSON."""
    instance = host.begin("waits")
    host.until(instance, lambda status: status["runtimeStatus"] == "Running")
    page = visit(f"#/instances/{instance}").page
    page.get_by_role("button", name="Suspend", exact=True).click()
    expect(page.locator(".state")).to_have_text("Suspended")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".state")).to_have_text("Running")
    page.get_by_role("button", name="Raise event…").click()
    page.get_by_label("Name", exact=True).fill("Go")
    page.get_by_label("Value (JSON, or plain text)").fill('{"a": [1]}')
    page.get_by_role("button", name="Raise", exact=True).click()
    expect(page.locator(".state")).to_have_text("Completed")
    assert host.final(instance)["output"] == ["dict", {"a": [1]}]


def test_what_cannot_be_undone_is_asked_first(host: RunningHost, visit: Callable[..., Tab], own: str) -> None:
    """Terminate and purge do nothing before the question is answered, and cancel is what Enter and Escape choose."""
    instance = host.begin("waits", None, f"{own}1")
    page = visit(f"#/instances/{instance}?id={own}").page
    page.get_by_role("button", name="Terminate…").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Terminate…").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert host.status(instance)["runtimeStatus"] == "Running"
    page.get_by_role("button", name="Terminate…").click()
    page.get_by_label("Reason (optional)").fill("no longer needed")
    page.get_by_role("dialog").get_by_role("button", name="Terminate").click()
    expect(page.locator(".state")).to_have_text("Terminated")
    assert host.final(instance)["output"] == "no longer needed"
    page.get_by_role("button", name="Purge…").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".state")).to_have_text("Terminated")
    page.get_by_role("button", name="Purge…").click()
    page.get_by_role("dialog").get_by_role("button", name="Purge").click()
    expect(page.locator(".rows li")).to_have_count(0)
    assert host.manage("GET", f"/instances/{instance}").status_code == 404


def test_a_failed_instance_is_rewound_or_started_again(host: RunningHost, visit: Callable[..., Tab], own: str) -> None:
    """Rewind lets the same instance try again; start again makes another one with its input and shows it."""
    instance = host.begin("breaks", "key", f"{own}1")
    host.final(instance)
    page = visit(f"#/instances/{instance}").page
    page.get_by_role("button", name="Rewind…").click()
    page.get_by_label("Reason (optional)").fill("once more")
    page.get_by_role("dialog").get_by_role("button", name="Rewind").click()
    expect(page.locator(".history")).to_contain_text("once more")
    expect(page.locator(".state")).to_have_text("Failed")
    page.get_by_role("button", name="Start again").click()
    expect(page.locator(".instance .id")).not_to_have_text(instance)
    expect(page.get_by_role("region", name="Input")).to_contain_text("key")


def test_what_users_wrote_is_only_ever_text(host: RunningHost, visit: Callable[..., Tab]) -> None:
    """Markup in inputs, results, statuses, ids and events is shown as it was written, and nothing of it runs."""
    odd = f"{uuid.uuid4().hex[:6]}<b onclick=alert(1)>"
    done = host.run("round_trip", EVIL, odd)
    assert done["output"] == EVIL
    waiting = host.begin("waits", EVIL)
    host.raise_event(waiting, EVIL)
    host.final(waiting)
    page = visit(f"#/instances?id={odd[:6]}").page
    expect(page.locator(".rows code")).to_have_text([odd])
    expect(page.locator(".rows .words")).to_contain_text("<img src=x")
    page.locator(".rows a").click()
    expect(page.locator(".instance .id")).to_have_text(odd)
    expect(page.get_by_role("region", name="Output").locator("pre").first).to_have_text(EVIL)
    page.goto(f"{host.base}/_host#/instances/{waiting}")
    expect(page.locator(".history")).to_contain_text("<img src=x")
    assert page.evaluate("window.harmed") is None
    assert page.locator("main img, main script, main b[onclick]").count() == 0


def test_no_key_and_nothing_foreign_is_asked_for(host: RunningHost, visit: Callable[..., Tab]) -> None:
    """Every request of the page goes below /_host of its own host, and neither they nor their answers hold a key."""
    instance = host.begin("waits")
    bodies: list[str] = []
    tab = visit()
    tab.page.on("response", lambda response: bodies.append(response.text() if response.status == 200 else ""))
    tab.page.reload()
    tab.page.get_by_role("link", name="Functions").click()
    expect(tab.page.get_by_role("heading", name="HTTP")).to_be_visible()
    tab.page.goto(f"{host.base}/_host#/instances/{instance}")
    tab.page.get_by_role("button", name="Suspend", exact=True).click()
    expect(tab.page.locator(".state")).to_have_text("Suspended")
    asked = [url for url in tab.requests if not url.startswith("data:")]
    assert len(asked) > 10
    assert all(
        url.startswith((f"{host.base}/_host/", f"{host.base}/_host#")) or url == f"{host.base}/_host" for url in asked
    )
    keys = [host.key(name) for name in ("function", "master", "durabletask_extension")]
    assert [text for text in [*asked, *bodies] if any(key in text for key in keys)] == []


@pytest.mark.parametrize("place", ["#/instances", "#/functions", "#/instances/{one}", "#/instances?state=Failed"])
def test_a_phone_needs_no_sideways_scrolling(host: RunningHost, visit: Callable[..., Tab], place: str) -> None:
    """Every view fits a window of 360 pixels, long words and long ids included."""
    instance = f"{uuid.uuid4().hex * 3}"
    host.run("round_trip", "x" * 3000, instance)
    tab = visit(place.format(one=instance), viewport=PHONE)
    expect(tab.page.locator("main .card, main .rows li").first).to_be_visible()
    assert not tab.is_scrolled_sideways()


def test_functions_are_shown_with_trigger_and_route(visit: Callable[..., Tab]) -> None:
    """An HTTP function shows verbs, route with prefix and the key it wants; others what triggers them."""
    page = visit("#/functions").page

    def line(name: str) -> str:
        return " ".join(page.locator(".plain li").filter(has=page.get_by_text(name, exact=True)).inner_text().split())

    expect(page.get_by_role("heading", name="Timers")).to_be_visible()
    assert line("a_parameter") == "a_parameter GET /api/order/{id} no key"
    assert line("locked") == "locked any method /api/locked function key"
    assert line("switched_off").endswith("disabled")
    assert line("every_second") == "every_second */1 * * * * *"
    page.get_by_role("link", name="waits_twice", exact=True).click()
    expect(page.get_by_label("Name begins with")).to_have_value("waits_twice")


def test_it_is_used_with_the_keyboard_alone(host: RunningHost, visit: Callable[..., Tab], own: str) -> None:
    """Rows and buttons are reached by Tab and pressed by Enter, and the live list leaves the focus where it is."""
    host.begin("waits", None, f"{own}1")
    page = visit(f"#/instances?id={own}").page
    page.locator(".rows a").first.focus()
    host.begin("waits", None, f"{own}2")
    expect(page.locator(".rows li")).to_have_count(2)
    assert page.evaluate("document.activeElement.textContent").count(f"{own}1") == 1
    page.keyboard.press("Enter")
    expect(page.locator(".instance .id")).to_have_text(f"{own}1")
    page.get_by_role("button", name="Suspend", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".state")).to_have_text("Suspended")


def test_it_is_light_or_dark_as_its_reader_likes(visit: Callable[..., Tab]) -> None:
    """The page follows the system's colour scheme."""
    paper = "getComputedStyle(document.body).backgroundColor"
    light, dark = (visit(color_scheme=scheme).page.evaluate(paper) for scheme in ("light", "dark"))
    assert (light, dark) == ("rgb(245, 246, 249)", "rgb(14, 17, 24)")


def test_a_thousand_instances_are_turned_page_by_page(open_tab: OpenTab, tmp_path: Path) -> None:
    """A page holds fifty rows however many there are, and older ones are one press away."""
    running = RunningHost(tmp_path / "state").start()
    try:
        running.run("chain", 1, "first")
        with closing(sqlite3.connect(running.state / "store.sqlite3")) as db, db:
            names = [row[1] for row in db.execute("PRAGMA table_info(instances)")]
            kept = ", ".join(name for name in names if name not in {"id", "created_us"})
            db.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999) "  # noqa: S608 - our own columns
                f"INSERT INTO instances (id, created_us, {kept}) "
                f"SELECT printf('copy-%04d', i), created_us + i, {kept} FROM instances, n WHERE id = 'first'"
            )
        page = open_tab(f"{running.base}/_host").page
        expect(page.get_by_role("button", name="All 1,000")).to_be_visible()
        expect(page.locator(".rows li")).to_have_count(50)
        assert (rows(page)[0], rows(page)[-1]) == ("copy-0999", "copy-0950")
        page.get_by_role("link", name="Older").click()
        expect(page.locator(".rows code").first).to_have_text("copy-0949")
        expect(page.locator(".rows li")).to_have_count(50)
        page.get_by_role("link", name="Newest").click()
        expect(page.locator(".rows code").first).to_have_text("copy-0999")
    finally:
        running.kill()
