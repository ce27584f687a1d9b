"""What survives the death of the host process."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.integration.functions_host.running_host import RunningHost, wait_for

CHAINS = 20


def test_everything_goes_on_after_kill_9(own_host: RunningHost) -> None:
    """Chains, timers and a waiting event all finish; timers keep their time, and only what was in flight runs twice."""
    host = own_host.start()
    chains = [f"chain-{number}" for number in range(CHAINS)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda chain: host.begin("long_chain", None, chain), chains))
    due_while_down, due_later, waiting = host.begin("sleeper", 0.4), host.begin("sleeper", 4), host.begin("waits")
    created = host.until(due_later, lambda seen: seen["historyEvents"][-1]["EventType"] == "TimerCreated")
    wait_for(lambda: len(host.notes("nap")) > CHAINS, "the second activities")
    host.kill()
    in_flight = {note.partition(":")[0]: note for note in host.notes("nap")}  # each chain's latest
    assert len(host.notes("nap")) < 4 * CHAINS
    host.start()
    host.raise_event(waiting, "late")
    for chain in chains:
        assert host.final(chain)["output"] == [f"{chain}:{step}" for step in range(4)]
    assert host.final(waiting)["output"] == ["str", "late"]
    assert host.final(due_while_down)["output"] >= 0.4
    slept = host.final(due_later)
    assert slept["output"] >= 4
    assert slept["historyEvents"][:2] == created["historyEvents"]
    assert slept["historyEvents"][2]["FireAt"] == created["historyEvents"][1]["FireAt"]
    repeated = Counter(host.notes("nap")) - Counter(set(host.notes("nap")))
    assert 0 < len(repeated) <= CHAINS
    assert set(repeated) <= set(in_flight.values())
    assert set(repeated.values()) == {1}


def test_clean_stop_runs_no_activity_twice_and_waits_for_none_too_long(own_host: RunningHost) -> None:
    """SIGTERM lets running activities end; one that does not end is left, and runs again when the host is back."""
    own_host.options = ("--redelivery", "3600")  # given back, not interrupted: nothing waits that long
    host = own_host.start()
    before = (host.state / "keys.json").read_text()
    chains = [f"chain-{number}" for number in range(5)]
    for chain in chains:
        host.begin("long_chain", None, chain)
    long = host.begin("works_hard", 4.0)
    wait_for(lambda: len(host.notes("nap")) > 5, "the second activities")
    assert host.stop() == 0
    host.start()
    for chain in chains:
        assert host.final(chain)["output"] == [f"{chain}:{step}" for step in range(4)]
    assert sorted(host.notes("nap")) == sorted({f"nap {chain}:{step}" for chain in chains for step in range(4)})
    assert host.final(long)["output"] == "done"
    assert (host.state / "keys.json").read_text() == before


def test_keys_are_their_owners_alone(host: RunningHost) -> None:
    """Three different keys, in a file that nobody else can read."""
    assert len({host.key(name) for name in ("function", "master", "durabletask_extension")}) == 3
    assert (host.state / "keys.json").stat().st_mode & 0o777 == 0o600
