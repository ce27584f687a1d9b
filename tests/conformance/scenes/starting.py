"""How the facts about starts, inputs and ids are brought about."""

from tests.conformance.scenes.scene import Scene
from tests.conformance.steps import COMPLETED, RUNNING, SUSPENDED, ended, failed_or_stuck, posted, started

_INPUTS = ("array", "badjson", "empty", "null", "number", "object", "plainstring", "string-json", "true")
_WEBHOOK_INPUT = {
    "array": "[1]",
    "empty": None,
    "null": "null",
    "number": "60",
    "object": '{"a":1}',
    "plainstring": '"hello"',
    "string-json": '"{\\"a\\":1}"',
    "true": "true",
}
_SDK_INPUTS = ("dict", "emptystr", "float", "int", "jsonstr", "list", "none", "str", "true", "unicode", "zero")
_SDK_VALUES = {
    "dict": {"a": 1},
    "emptystr": "",
    "float": 1.5,
    "int": 5,
    "jsonstr": '{"a":1}',
    "list": [1, 2],
    "none": None,
    "str": "hello",
    "true": True,
    "unicode": "äöü€😀",
    "zero": 0,
}
_SDK_IDS = (
    *("at", "at-only", "backslash", "ctl", "hash", "long101", "long256", "long257"),
    *("percent", "slash", "space", "unicode", "upper"),
)

SCENES = {
    "start-http-starter-202": Scene(),
    "start-http-starter-unknown-orchestrator": Scene(),
    "start-http-starter-duplicate-running-500": Scene(RUNNING),
    "start-webhook-duplicate-running-409": Scene(RUNNING),
    "start-webhook-duplicate-suspended": Scene(SUSPENDED),
    "start-webhook-case-insensitive-name": Scene(),
    "start-webhook-unknown-orchestrator": Scene(),
    "start-webhook-id-encoded-slash": Scene(),
    "start-webhook-id-long257": Scene(),
    "start-webhook-no-content-type": Scene(content='{"a":1}'),
    "start-webhook-text-plain": Scene(content="hello"),
    "start-webhook-timeout-200": Scene(),
    "start-webhook-timeout-202": Scene(),
    "start-webhook-with-version": Scene(),
    "start-webhook-with-version-status": Scene((posted("props", '"1"', "?version=2.0"), failed_or_stuck)),
    "start-sdk-unknown-orchestrator": Scene(call=("start_new", "nope", None, 1)),
    "start-sdk-duplicate-running": Scene(RUNNING, call=("start_new", "tm", "{id}", 60)),
    "wait-for-completion-200": Scene(),
    "wait-for-completion-failed": Scene(),
    "wait-for-completion-terminated": Scene(),
    "wait-for-completion-timeout-202": Scene(),
    **{f"start-webhook-input-{kind}": Scene() for kind in _INPUTS},
    **{
        f"start-webhook-input-{kind}-result": Scene((posted("inp", text), ended()))
        for kind, text in _WEBHOOK_INPUT.items()
    },
    **{f"start-sdk-input-{kind}-result": Scene((started("inp", _SDK_VALUES[kind]), ended())) for kind in _SDK_INPUTS},
    **{f"start-sdk-id-{kind}": Scene(call=("start_new", "chain", "{id}", 1)) for kind in _SDK_IDS},
    "start-sdk-id-empty": Scene(call=("start_new", "chain", "", 1)),
    "rpc-start": Scene(door="rpc"),
    "rpc-start-again-after-completed": Scene(COMPLETED, door="rpc"),
    "rpc-start-duplicate": Scene(RUNNING, door="rpc"),
    "rpc-start-id-control-char": Scene(door="rpc"),
    "rpc-start-id-encoded-hash": Scene(door="rpc"),
    "rpc-start-id-encoded-question": Scene(door="rpc"),
    "rpc-start-id-encoded-slash": Scene(door="rpc"),
    "rpc-start-id-slash": Scene(door="rpc"),
}
