"""The typical courses of every story, as tables: what each activity answers, in the order in which the story asks."""

from __future__ import annotations

from typing import Any

from shared import names, polling
from tests.replay.stage import INSTANCE, Answers, Line, Raises, Wakes

JOB = {"job_id": INSTANCE, "owner": "0" * 32, "model": "sora"}
BEGIN = {names.GENERATE_VIDEO: JOB}


def _submit(kind: str, **more: Any) -> Answers:
    return Answers(names.SUBMIT_RENDER, {"kind": kind, **more})


def _find(kind: str, **more: Any) -> Answers:
    return Answers(names.FIND_RENDER, {"kind": kind, **more})


def _look(kind: str, progress: int | None = None, **more: Any) -> Answers:
    return Answers(names.LOOK_AT_RENDER, {"kind": kind, **more, "progress": progress})


def _rendered(*sources: str) -> Answers:
    return _look("succeeded", 100, sources=list(sources), render_s=61.0)


def _stored(n: int = 0) -> Answers:
    return Answers(names.STORE_GENERATION, {"kind": "stored", "generation": {"id": f"gen_{n}", "pictures": []}})


def _pictured(n: int = 0) -> Answers:
    return Answers(names.MAKE_PICTURES, {"generation": {"id": f"gen_{n}", "pictures": ["poster", "sprite"]}})


def _end(state: str) -> list[Line]:
    return [Answers(names.FINISH_JOB, {"kind": "done", "state": state}), _FORGET]


_SENT = _submit("submitted", wait_s=20.0)
_KNOWN = _submit("submitted", wait_s=0.0)
_RATE = _submit("wait", wait_s=30.0)
_LOST = _submit("lost")
_STOPPED = _submit("stopped")
_WAIT = _look("wait", 40, wait_s=12.0)
_AGAIN = Answers(names.STORE_GENERATION, {"kind": "again", "detail": "the content ended after 10 of 100 bytes"})
_STALE = Answers(names.FINISH_JOB, {"kind": "stale"})
_RELEASE = Answers(names.RELEASE_SLOT, {"kind": "released"})
_FORGET = Answers(names.FORGET_JOB, {"kind": "forgotten"})
_WAKE = Wakes()

_STORED_ONE: list[Line] = [_RELEASE, _stored(), _pictured(), *_end("succeeded")]
_WATCHED: list[Line] = [_WAIT, _rendered("s0"), *_STORED_ONE]
_ROUNDS = polling.ROUNDS_PER_EXECUTION
_LOOKS = _ROUNDS - 1

COURSES: dict[str, dict[str, list[Line]]] = {
    names.GENERATE_VIDEO: {
        "succeeded": [_SENT, *_WATCHED],
        "succeeded after more looks than one execution has": [
            *[_SENT, *[_WAIT] * _LOOKS],
            *[_KNOWN, _WAIT, _rendered("s0"), *_STORED_ONE],
        ],
        "waited for its rate": [_RATE, _RATE, _SENT, *_WATCHED],
        "waited for its rate longer than one execution": [*[_RATE] * (_ROUNDS + 2), _SENT, *_WATCHED],
        "submitted in the last round of an execution": [*[_RATE] * (_ROUNDS - 1), _SENT, _KNOWN, *_WATCHED],
        "refused": [_submit("refused"), _RELEASE, *_end("failed")],
        "lost and adopted": [_LOST, _find("wait", wait_s=5.0), _LOST, _find("submitted", wait_s=0.0), *_WATCHED],
        "lost, absent and sent again": [
            _LOST,
            _find("wait", wait_s=120.0),
            _LOST,
            _find("wait", wait_s=2.0),
            _SENT,
            *_WATCHED,
        ],
        "lost and unclear": [_LOST, _find("wait", wait_s=600.0), _LOST, _find("unclear"), _RELEASE, *_end("failed")],
        "unclear, and told again": [_submit("unclear"), _RELEASE, *_end("failed")],
        "cancelled while it waits for its rate": [_RATE, _WAKE, _STOPPED, _RELEASE, *_end("cancelled")],
        "cancelled while it is submitted": [_WAKE, _SENT, _KNOWN, _WAIT, _rendered(), _RELEASE, *_end("cancelled")],
        "cancelled while it renders": [
            *[_SENT, _WAIT, _WAKE],
            *[_KNOWN, _WAIT],  # the event is carried over and ends the first rest of the next execution too
            *[_KNOWN, _WAIT, _rendered(), _RELEASE, *_end("cancelled")],
        ],
        "cancelled while it is looked at": [_SENT, _WAIT, _WAKE, _KNOWN, _rendered(), _RELEASE, *_end("cancelled")],
        "cancelled while it is stored": [
            _SENT,
            _rendered("s0"),
            _RELEASE,
            _WAKE,
            _stored(),
            _pictured(),
            *_end("succeeded"),
        ],
        "past its deadline": [_STOPPED, _RELEASE, *_end("failed")],
        "deleted meanwhile": [_STOPPED, _RELEASE, *_end("deleted")],
        "failed at the provider": [
            _SENT,
            _look("failed", 40, code="moderated_output", detail="blocked"),
            _RELEASE,
            *_end("failed"),
        ],
        "gone at the provider": [_SENT, _look("gone", 40, detail="not listed any more"), _RELEASE, *_end("failed")],
        "stale finish": [_STOPPED, _RELEASE, _STALE, _KNOWN, _rendered("s0"), *_STORED_ONE],
        "stored at the third try": [
            _SENT,
            _rendered("s0"),
            _RELEASE,
            _AGAIN,
            _AGAIN,
            _stored(),
            _pictured(),
            *_end("succeeded"),
        ],
        "stored never": [_SENT, _rendered("s0"), _RELEASE, *[_AGAIN] * polling.STORE_TRIES, *_end("failed")],
        "several variants": [
            _SENT,
            _rendered("s0", "s1", "s2"),
            _RELEASE,
            _stored(0),
            _AGAIN,
            _stored(2),
            _stored(1),
            *[_pictured(n) for n in range(3)],
            *_end("succeeded"),
        ],
        "every activity raised once": [
            *[Raises(names.SUBMIT_RENDER), _LOST, Raises(names.FIND_RENDER), _find("submitted", wait_s=0.0)],
            *[Raises(names.LOOK_AT_RENDER), _rendered("s0", "s1"), Raises(names.RELEASE_SLOT), _RELEASE],
            *[Raises(names.STORE_GENERATION), _stored(1), _stored(0)],
            *[_pictured(0), Raises(names.MAKE_PICTURES), _pictured(1)],
            *[Raises(names.FINISH_JOB), Answers(names.FINISH_JOB, {"kind": "done", "state": "succeeded"})],
            *[Raises(names.FORGET_JOB), _FORGET],
        ],
        "an activity raised each time": [_SENT, *[Raises(names.LOOK_AT_RENDER)] * polling.CALL_TRIES],
    }
}
