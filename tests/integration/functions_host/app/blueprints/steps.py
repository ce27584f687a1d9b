"""Activities."""

import asyncio
import os
import time
from collections import Counter
from pathlib import Path

import azure.durable_functions as df

bp = df.Blueprint()
_calls: Counter[str] = Counter()
_crowd: list[str] = []


def note(line: str) -> None:
    """Append a line to the file that the tests read."""
    with Path(os.environ["SAMPLE_NOTES"]).open("a") as file:
        file.write(f"{line}\n")


@bp.activity_trigger(input_name="number")
def add_one(number: int) -> int:
    """Add one."""
    return number + 1


@bp.activity_trigger(input_name="what")
async def nap(what: dict) -> str:
    """Sleep on the event loop, having noted the tag."""
    note(f"nap {what['tag']}")
    await asyncio.sleep(what["seconds"])
    return what["tag"]


@bp.activity_trigger(input_name="seconds")
def work_hard(seconds: float) -> str:
    """Block a thread."""
    time.sleep(seconds)
    return "done"


@bp.activity_trigger(input_name="what")
def flaky(what: dict) -> int:
    """Fail until the call that is good."""
    _calls[what["key"]] += 1
    if _calls[what["key"]] < what["good_at"]:
        raise ValueError(f"call {_calls[what['key']]}")
    return _calls[what["key"]]


@bp.activity_trigger(input_name="seconds")
async def stand_in_crowd(seconds: float) -> int:
    """How many of these run when this one begins, itself included."""
    _crowd.append("somebody")
    size = len(_crowd)
    await asyncio.sleep(seconds)
    _crowd.pop()
    return size


@bp.activity_trigger(input_name="kind")
def break_down(kind: str) -> object:
    """Fail in the way asked for."""
    match kind:
        case "set":
            return {1, 2}
        case "exit":
            raise SystemExit(1)
        case _:
            raise KeyError(kind)


@bp.activity_trigger(input_name="value")
def same(value: object) -> object:
    """Give the input back."""
    return value


@bp.activity_trigger(input_name="instance")
@bp.durable_client_input(client_name="client")
async def start_other(instance: str, client: df.DurableOrchestrationClient) -> str:
    """Start an instance from within an activity."""
    return await client.start_new("chain", instance, 10)
