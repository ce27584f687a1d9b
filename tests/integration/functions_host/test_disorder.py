"""What a host does that was told to disturb a run: results stay right or fail as they do on Azure."""

from itertools import count
from pathlib import Path
from typing import Any

from local.functions_host.disorder import Disorder
from tests.integration.functions_host.running_host import DEADLINE_S, FINAL, RunningHost, wait_for

KILLED = "exited with code 137 (0x89)"
HALF = 0.5


def started(host: RunningHost, *options: str) -> RunningHost:
    """The host, started with these options."""
    host.options = options
    return host.start()


def seed_for(*dies: str, lives: tuple[str, ...]) -> str:
    """A seed with which, at a chance of one half, these calls kill the worker and those do not."""
    for seed in count():
        disorder = Disorder(death_chance=HALF, seed=seed)
        if all(map(disorder.death, dies)) and not any(map(disorder.death, lives)):
            return str(seed)
    raise AssertionError


def end_of(host: RunningHost, name: str, instance: str) -> str:
    """The output of an instance started by webhook: a starter is a function too, and would die with what it started."""
    assert host.manage("POST", f"/orchestrators/{name}/{instance}").status_code == 202
    return host.final(instance)["output"]


def told(status: dict[str, Any], field: str = "Result") -> list[Any]:
    """What its activities gave, or another field of these events, in the order in which it heard of them."""
    return [event[field] for event in status["historyEvents"] if event["EventType"] == "TaskCompleted"]


def test_late_messages_overtake_each_other_and_none_is_lost(own_host: RunningHost) -> None:
    """Twelve activities end in another order than asked for, and their results come in another one than they ended;
    each comes once, and the code sees them where they belong.
    """
    host = started(own_host, "--latency", "0.1", "0.6")
    status = host.run("fan_out", 12)
    assert status["output"] == list(range(1, 13))
    ends = sorted(zip(told(status, "Timestamp"), told(status), strict=True))
    by_end = [result for _, result in ends]
    assert sorted(by_end) == status["output"] != by_end
    assert told(status) != by_end


def test_every_kind_of_hop_arrives_late_but_arrives(own_host: RunningHost) -> None:
    """Children, events, timers, retries and continue_as_new end as they do without latency."""
    host = started(own_host, "--latency", "0.01", "0.2", "--early-timers", "--duplicate", "0.3")
    waiting, slept = host.begin("waits"), host.begin("sleeper", 1.5)
    host.raise_event(waiting, 5)
    assert host.result("family") == [13, [4, ["dict", {"a": 1}]]]
    assert host.result("generations") == 3
    assert host.result("retrying", 3) == 3
    assert host.final(waiting)["output"] == ["int", 5]
    assert host.final(slept)["runtimeStatus"] == "Completed"


def test_message_under_way_survives_the_host(own_host: RunningHost) -> None:
    """A start that had not arrived when the host was killed arrives at the next host."""
    host = started(own_host, "--latency", "1", "1")
    instance = host.begin("echo_input", 1)
    host.kill()
    assert host.start().final(instance)["output"] == ["int", 1]


def test_early_timers_fire_before_their_time(own_host: RunningHost) -> None:
    """Of five timers of just under a second at least one is noticed well before it (on Azure all of them)."""
    host = started(own_host, "--early-timers")
    instances = [host.begin("sleeper", 0.95) for _ in range(5)]
    assert min(host.final(instance)["output"] for instance in instances) < 0.95


def test_duplicated_activity_runs_twice_and_counts_once(own_host: RunningHost) -> None:
    """Each of four activities runs twice; the first result is recorded, the second dropped."""
    host = started(own_host, "--duplicate", "1")
    status = host.run("long_chain", None, "twice")
    tags = [f"twice:{step}" for step in range(4)]
    assert status["output"] == told(status) == tags
    wait_for(lambda: len(host.notes("nap")) == 8, "the copies")
    assert sorted(host.notes("nap")) == sorted(f"nap {tag}" for tag in tags * 2)
    wait_for(lambda: host.log().count("had ended before") == 4, "the second results")


def test_worker_that_dies_in_the_first_step_fails_the_instance(own_host: RunningHost) -> None:
    """Its text stands in the output; the third death ends the host, and the next host knows all of it."""
    host = started(own_host, "--worker-dies", "1")
    text = f"Orchestrator function 'chain' failed: One or more errors occurred. ({host.python} {KILLED})"
    assert [end_of(host, "chain", "chain-0"), end_of(host, "chain", "chain-1")] == [text, text]
    assert host.manage("POST", "/orchestrators/chain/chain-2").status_code == 202
    assert host.process is not None
    assert host.process.wait(DEADLINE_S) == 1
    assert "for the third time" in host.log()
    host.options = ()
    assert host.start().final("chain-0")["output"] == text
    assert host.final("chain-2")["runtimeStatus"] in FINAL
    assert host.result("chain") == 3


def test_worker_that_dies_in_an_activity_fails_whatever_is_in_flight(own_host: RunningHost) -> None:
    """The activity that killed it and one that only waited both fail, and with them their instances, and nothing else
    (trace worker-kill9-0).
    """
    lives = ("one_nap 1", "one_nap 2", "one_nap 3", "nap 1", "chain 1", "chain 2", "same 1", "round_trip 1")
    seed = seed_for("add_one 1", lives=(*lives, "round_trip 2"))
    host = started(own_host, "--worker-dies", str(HALF), "--seed", seed)
    bystander = host.begin("one_nap", {"seconds": 600, "tag": "by"})
    wait_for(lambda: host.notes("nap by"), "the activity in flight")
    assert end_of(host, "chain", "killer").startswith(
        f"Orchestrator function 'chain' failed: Activity function 'add_one' failed: {host.python} {KILLED}"
    )
    (failed,) = [event for event in host.final(bystander)["historyEvents"] if event["EventType"] == "TaskFailed"]
    assert failed["Reason"] == f"Activity function 'nap' failed: {host.python} {KILLED}"
    assert host.result("round_trip", "still here") == "still here"


def test_worker_that_dies_in_a_later_step_looks_like_changed_code(own_host: RunningHost) -> None:
    """The step asked for nothing, so the history does not fit (trace worker-dies-orchestrator-step)."""
    seed = seed_for("chain 2", lives=("chain 1", "add_one 1"))
    host = started(own_host, "--worker-dies", str(HALF), "--seed", seed)
    status = host.run("chain")
    assert status["runtimeStatus"] == "Failed"
    assert status["output"].startswith(
        "Non-Deterministic workflow detected: A previous execution of this orchestration"
    )


def test_seed_repeats_a_run(own_host: RunningHost, tmp_path: Path) -> None:
    """Two hosts with one seed fail the same of four instances in the same way."""
    lives = (*(f"chain {n}" for n in range(1, 8)), *(f"add_one {n}" for n in (1, 2, 3, 5)))
    options = ("--worker-dies", str(HALF), "--seed", seed_for("add_one 4", "chain 8", lives=lives))

    def outputs(host: RunningHost) -> list[str]:
        ends = [end_of(host, "chain", f"chain-{n}") for n in range(3)]
        host.kill()
        return ends

    first = outputs(started(own_host, *options))
    assert first[0] == 3
    assert "'add_one' failed" in first[1]
    assert "Non-Deterministic" in first[2]
    again = RunningHost(tmp_path / "again")
    try:
        assert outputs(started(again, *options)) == first
    finally:
        again.kill()


def test_host_stops_cleanly_with_messages_under_way(own_host: RunningHost) -> None:
    """SIGTERM ends it within its grace, whatever has not arrived yet."""
    host = started(own_host, "--latency", "1", "60", "--early-timers", "--duplicate", "1")
    host.begin("long_chain", None, "left")
    assert host.stop() == 0


def test_http_function_in_flight_dies_with_the_worker(own_host: RunningHost) -> None:
    """It answers 500 without a body; the next call waits for the new worker (trace worker-dies-http)."""
    host = started(own_host, "--worker-dies", str(HALF), "--seed", seed_for("echo_input 1", lives=("echo_input 2",)))
    answer = host.call("POST", "/api/wait/echo_input", json=1)
    assert (answer.status_code, answer.content) == (500, b"")
    assert host.call("POST", "/api/wait/echo_input", json=1).json() == ["int", 1]
