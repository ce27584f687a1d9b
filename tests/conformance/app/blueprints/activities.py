"""Activities: plain ones, failing ones, ones that show what reached them."""

import asyncio
from collections import Counter
from typing import Any

import azure.durable_functions as df

bp = df.Blueprint()
_VALUES: dict[str, Any] = {
    "none": None,
    "str": "s",
    "empty": "",
    "int": 3,
    "zero": 0,
    "float": 1.5,
    "true": True,
    "false": False,
    "list": [1, 2],
    "dict": {"a": 1},
    "jsonstr": '{"a": 1}',
    "unicode": "äöü€😀\n",
}
_attempts: Counter[str] = Counter()


class MyErr(Exception):  # noqa: N818 - the name stands in the traces
    """An exception of the app's own."""


@bp.activity_trigger(input_name="x")
def add_one(x: int) -> int:
    """One more."""
    return x + 1


@bp.activity_trigger(input_name="x")
async def slow(x: dict) -> dict:
    """Takes half of the seconds it is told: only the order of ends matters here."""
    await asyncio.sleep(x["s"] / 2)
    return {"slept": x["s"], "tag": x["tag"]}


@bp.activity_trigger(input_name="x")
async def nap(x: float) -> float:
    """Takes a tenth of the seconds it is told: only the order of ends matters here."""
    await asyncio.sleep(x / 10)
    return x


@bp.activity_trigger(input_name="x")
def flaky(x: dict) -> str:
    """Fails until the attempt ``ok_at`` of its key."""
    _attempts[x["key"]] += 1
    count = _attempts[x["key"]]
    if count < x["ok_at"]:
        raise ValueError(f"flaky attempt {count}")
    return f"ok after {count}"


@bp.activity_trigger(input_name="x")
async def stamp(x: dict) -> str:
    """Its input as Python prints it."""
    await asyncio.sleep(x.get("s", 0))
    return str(x)


@bp.activity_trigger(input_name="n")
def echo_big(n: int) -> str:
    """As many letters as asked."""
    return "x" * n


@bp.activity_trigger(input_name="x")
def recv(x) -> list:  # noqa: ANN001 - that it has no annotation is the point
    """What arrived."""
    return [type(x).__name__, x]


@bp.activity_trigger(input_name="x")
def recv_str(x: str) -> list:
    """What arrived where a str is announced."""
    return [type(x).__name__, x]


@bp.activity_trigger(input_name="x")
def recv_int(x: int) -> list:
    """What arrived where an int is announced."""
    return [type(x).__name__, x]


@bp.activity_trigger(input_name="x")
def ret_val(x: str) -> Any:
    """A value of the kind that is asked for."""
    return _VALUES[x]


@bp.activity_trigger(input_name="x")
def ret_bad(x: int) -> set:
    """A value that is not JSON."""
    return {x, 2}


@bp.activity_trigger(input_name="x")
def raiser_act(x: dict) -> None:
    """Raises the kind that is asked for."""
    match x["kind"]:
        case "value":
            raise ValueError("plain message")
        case "multi":
            raise ValueError('line one\nline two\n  File "fake", line 3')
        case "custom":
            raise MyErr("custom", {"a": 1})
        case "empty":
            raise RuntimeError
        case "unicode":
            raise ValueError("üöä €")
        case _:
            try:
                _ = 1 / 0
            except ZeroDivisionError as error:
                raise RuntimeError("outer") from error


@bp.activity_trigger(input_name="x")
async def araiser(x: int) -> None:  # noqa: ARG001 - a binding; async on purpose
    """Raises in the event loop."""
    raise ValueError("async plain message")
