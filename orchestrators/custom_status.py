"""What the portal and Durable Functions Monitor show of a story: its state, and in words what it is doing. For people
alone: nothing reads it, so it may hold no more than a glance needs, and never a prompt.
"""

from typing import Any

Shown = dict[str, Any]


def asking() -> Shown:
    """The order is about to be sent, or is on its way."""
    return {"state": "running", "doing": "asking the provider for a render"}


def waiting_to_ask(seconds: float) -> Shown:
    """The provider or the lane's own rate said when to ask again."""
    return {"state": "running", "doing": f"waiting {seconds:.0f} s to ask the provider again"}


def searching() -> Shown:
    """The reply to the order was lost."""
    return {"state": "running", "doing": "looking for a render whose reply was lost"}


def rendering(look: dict[str, Any]) -> Shown:
    """A look's answer: the job's `state` (a cancelled job's render is watched on), `progress` in percent and `eta`, a
    time, where they are known.
    """
    known = {name: look[name] for name in ("state", "progress", "eta") if look.get(name) is not None}
    return {"state": "running", "doing": "rendering at the provider", **known}


def storing(videos: int) -> Shown:
    """The render is there and is copied."""
    return {"state": "storing", "doing": f"storing {videos} video{'' if videos == 1 else 's'}", "progress": 100}


def ended(state: str) -> Shown:
    """The job's last word is written."""
    return {"state": state, "doing": "done"}
