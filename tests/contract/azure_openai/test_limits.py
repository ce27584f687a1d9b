"""The cap of renders in flight and the rate of creates, per deployment (azure-openai.md A.5, B.6, H 13-14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure_openai.config import Quirk

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.azure_openai.conftest import MakeResource

BOTH = {"sora-2": "sora-2", "other": "sora-2", "sora": "sora"}


async def test_third_render_in_flight_is_429_until_one_ends(make_resource: MakeResource) -> None:
    """Two are in flight per deployment; the third is refused as too many, without saying when to come back."""
    resource = await make_resource(max_in_flight=None, deployments=BOTH)
    assert [(await resource.video()).status_code for _ in range(3)] == [200, 200, 429]
    refused = await resource.video()
    assert refused.json()["error"]["type"] == "video_generation_user_error"
    assert refused.json()["error"]["message"].startswith("Too many running tasks")
    assert (refused.json()["error"]["param"], refused.json()["error"]["code"]) == (None, None)
    assert not {"retry-after", "retry-after-ms"} & set(refused.headers)
    assert (await resource.video(model="other")).status_code == 200
    resource.clock.advance(8)
    assert [(await resource.video()).status_code for _ in range(3)] == [200, 200, 429]


async def test_cap_holds_for_jobs_in_the_usual_envelope(make_resource: MakeResource) -> None:
    """Sora 1 has the same cap, and its 429 an envelope."""
    resource = await make_resource(max_in_flight=None)
    assert [(await resource.job()).status_code for _ in range(2)] == [200, 200]
    assert (await resource.job()).json()["error"]["message"].startswith("Too many running tasks")


async def test_cap_can_say_when_to_come_back(make_resource: MakeResource) -> None:
    """The quirk `retry-after-on-cap` adds the time until the first one ends."""
    resource = await make_resource(max_in_flight=1, quirks=frozenset({Quirk.RETRY_AFTER_ON_CAP}))
    await resource.video()
    resource.clock.advance(2.5)
    refused = await resource.video()
    assert (refused.headers["retry-after"], refused.headers["retry-after-ms"]) == ("6", "5501")


async def test_render_that_waits_for_its_film_is_in_flight(make_resource: MakeResource) -> None:
    """Room is made by the end of a render, not by the end of its plan."""
    resource = await make_resource(max_in_flight=1)
    resource.films.is_slow = True
    await resource.video()
    resource.clock.advance(60)
    assert (await resource.video()).status_code == 429
    resource.films.finish()
    assert (await resource.video()).status_code == 200


async def test_stuck_render_holds_its_place_until_it_expires(make_resource: MakeResource) -> None:
    """What never ends is in flight for 24 h."""
    resource = await make_resource(max_in_flight=1)
    await resource.video(prompt="[stuck]")
    resource.clock.advance(24 * 3600 - 1)
    assert (await resource.video()).status_code == 429
    resource.clock.advance(1)
    assert (await resource.video()).status_code == 200


async def test_third_create_of_a_minute_is_429_with_the_time_to_wait(make_resource: MakeResource) -> None:
    """sora-2 takes two creates in any 60 s; the refusal says how long to wait, in seconds and milliseconds."""
    resource = await make_resource(creates_per_minute=None)
    await resource.video()
    resource.clock.advance(10.5)
    await resource.video()
    resource.clock.advance(10)
    refused = await resource.video()
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "429"
    assert (refused.headers["retry-after"], refused.headers["retry-after-ms"]) == ("40", "39501")
    resource.clock.advance(39.5)
    assert [(await resource.video()).status_code for _ in range(2)] == [200, 429]


async def test_sora_1_takes_sixty_creates_a_minute(make_resource: MakeResource) -> None:
    """The 61st is refused; reads are not counted."""
    resource = await make_resource(creates_per_minute=None)
    assert {(await resource.job()).status_code for _ in range(60)} == {200}
    assert (await resource.job()).status_code == 429
    assert (await resource.client.get("/openai/v1/videos")).status_code == 200


async def test_what_counts_is_what_was_valid_and_found_room(make_resource: MakeResource) -> None:
    """Invalid creates and those over the cap leave the rate alone; a moderated one uses it up."""
    resource = await make_resource(creates_per_minute=2, max_in_flight=1)
    await resource.video(seconds="5")
    await resource.video()
    await resource.video()
    resource.clock.advance(8)
    assert (await resource.video(prompt="[moderated]")).status_code == 400
    refused = await resource.video()
    assert refused.json()["error"]["code"] == "429"


async def test_remix_counts_as_a_create(make_resource: MakeResource) -> None:
    """A remix is a render like any other: cap and rate hold for it."""
    resource = await make_resource(creates_per_minute=1)
    source = await resource.finished(await resource.video())
    reply = await resource.client.post(f"/openai/v1/videos/{source['id']}/remix", json={"prompt": "x"})
    assert reply.status_code == 429


async def test_limits_outlive_a_restart(make_resource: MakeResource, tmp_path: Path) -> None:
    """Cap and rate count what was created, and what moderation refused, before."""
    limits = {"folder": tmp_path, "max_in_flight": 1, "creates_per_minute": 2}
    first = await make_resource(**limits)
    assert (await first.video(prompt="[moderated]")).status_code == 400
    assert (await first.video()).status_code == 200
    first.emulator.store.close()
    again = await make_resource(**limits)
    assert (await again.video()).json()["error"]["type"] == "video_generation_user_error"
    again.clock.advance(8)
    assert (await again.video()).json()["error"]["code"] == "429"
    again.clock.advance(52)
    assert (await again.video()).status_code == 200
    again.emulator.store.close()
