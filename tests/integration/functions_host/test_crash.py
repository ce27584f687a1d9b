"""What survives the death of the host process."""

from concurrent.futures import ThreadPoolExecutor

from tests.integration.functions_host.running_host import RunningHost, wait_for

CHAINS = 20


def test_everything_goes_on_after_kill_9(own_host: RunningHost) -> None:
    """Chains in flight, a timer and a waiting event all finish; only activities in flight run twice."""
    host = own_host.start()
    chains = [f"chain-{number}" for number in range(CHAINS)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda chain: host.begin("long_chain", None, chain), chains))
    timer, waiting = host.begin("sleeper", 2.0), host.begin("waits")
    created = host.until(timer, lambda seen: seen["historyEvents"][-1]["EventType"] == "TimerCreated")
    wait_for(lambda: len(host.notes("nap")) > CHAINS, "the second activities")
    host.kill()
    started = len(host.notes("nap"))
    host.start()
    host.raise_event(waiting, "late")
    for chain in chains:
        assert host.final(chain)["output"] == [f"{chain}:{step}" for step in range(4)]
    assert host.final(waiting)["output"] == ["str", "late"]
    fired = host.final(timer)["historyEvents"][2]
    assert fired["FireAt"] == created["historyEvents"][1]["FireAt"]
    repeated = len(host.notes("nap")) - len(set(host.notes("nap")))
    assert started < 4 * CHAINS
    assert 0 < repeated <= CHAINS


def test_timer_that_fell_due_while_the_host_was_down_fires_at_once(own_host: RunningHost) -> None:
    """Timers are durable: late ones fire when the host is back, and the orchestrator's clock tells the truth."""
    host = own_host.start()
    begun = host.begin("sleeper", 0.5)
    host.until(begun, lambda seen: seen["historyEvents"][-1]["EventType"] == "TimerCreated")
    host.kill()
    host.start()
    assert host.final(begun)["output"] >= 0.5


def test_clean_stop_runs_no_activity_twice(own_host: RunningHost) -> None:
    """SIGTERM lets running activities end; what was not begun is begun by the next host."""
    host = own_host.start()
    chains = [f"chain-{number}" for number in range(5)]
    for chain in chains:
        host.begin("long_chain", None, chain)
    wait_for(lambda: len(host.notes("nap")) > 5, "the second activities")
    assert host.stop() == 0
    host.start()
    for chain in chains:
        assert host.final(chain)["output"] == [f"{chain}:{step}" for step in range(4)]
    assert sorted(host.notes("nap")) == sorted({f"nap {chain}:{step}" for chain in chains for step in range(4)})


def test_clean_stop_does_not_wait_for_long_work(own_host: RunningHost) -> None:
    """An activity that does not end is left, and runs again at once when the host is back."""
    host = own_host.start()
    begun = host.begin("works_hard", 4.0)
    host.until(begun, lambda seen: seen["historyEvents"][-1]["EventType"] == "TaskScheduled")
    assert host.stop() == 0
    assert "stopping" in host.log()
    host.start()
    assert host.final(begun)["output"] == "done"


def test_keys_survive_a_restart(own_host: RunningHost) -> None:
    """They are made once, in a file that only its owner can read."""
    host = own_host.start()
    before = {name: host.key(name) for name in ("function", "master", "durabletask_extension")}
    assert len(set(before.values())) == 3
    assert (host.state / "keys.json").stat().st_mode & 0o777 == 0o600
    host.stop()
    host.start()
    assert {name: host.key(name) for name in before} == before
