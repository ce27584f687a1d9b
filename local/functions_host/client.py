"""What can be asked of orchestrations from outside: start, look, raise, terminate, suspend, resume, restart, rewind,
purge.

No HTTP.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from local.functions_host import history as ev
from local.functions_host import queries
from local.functions_host.instants import now_us
from local.functions_host.large_values import warn_if_large
from local.functions_host.rewinding import rewound
from local.functions_host.rows import InstanceRow, Letter, NewInstance
from local.functions_host.store import Store


class NotFoundError(Exception):
    """There is no instance of that id."""


class GoneError(Exception):
    """The instance has ended."""


@dataclass(frozen=True, slots=True)
class WrongStateError(Exception):
    """The instance is in a state in which this cannot be done."""

    status: str
    text: str


class AlreadyExistsError(Exception):
    """An instance of that id is pending, running or suspended."""

    def __init__(self, status: str) -> None:
        super().__init__(f"An Orchestration instance with the status {status} already exists.")


class OrchestrationClient:
    """The client side of the engine."""

    def __init__(
        self, store: Store, *, wake: Callable[[Iterable[str]], None], default_version: str | None = None
    ) -> None:
        self._store = store
        self._wake = wake
        self._default_version = default_version

    def start(
        self,
        name: str,
        instance_id: str | None,
        input_json: str | None,
        *,
        version: str | None = None,
        trace: ev.Trace = ev.NO_TRACE,
    ) -> str:
        """Start an instance with JSON text as its input; gives its id. Raises AlreadyExistsError."""
        chosen = instance_id or uuid.uuid4().hex
        row = self._store.instance(chosen)
        if row is not None and not row.is_final:
            raise AlreadyExistsError(row.status)
        execution_id, asked = str(uuid.uuid4()), version or self._default_version
        warn_if_large(chosen, "the input", input_json)
        started = ev.ExecutionStarted(now_us(), name, input_json, execution_id, 0, None, asked, trace)
        self._store.create(NewInstance(chosen, started))
        self._wake([chosen])
        return chosen

    def get(self, instance_id: str) -> InstanceRow:
        """The instance. Raises NotFoundError."""
        row = self._store.instance(instance_id)
        if row is None:
            raise NotFoundError
        return row

    def history(self, instance_id: str) -> list[ev.Event]:
        """The history of the current execution; empty before its first step."""
        return self._store.history(instance_id)

    def find(self, wanted: queries.Filter, *, top: int, token: str | None) -> tuple[list[InstanceRow], str | None]:
        """One page of instances in the order of their ids, and the id the next page begins with."""
        return queries.page(self._store.db, wanted, top=top, first_id=token)

    def raise_event(self, instance_id: str, name: str, input_json: str | None) -> None:
        """Send an event. Raises NotFoundError, GoneError."""
        self._open(instance_id)
        self._send(instance_id, ev.EventRaised(now_us(), name, input_json))

    def terminate(self, instance_id: str, reason: str | None) -> None:
        """End an instance; its children go on. Raises NotFoundError, GoneError."""
        self._open(instance_id)
        self._send(instance_id, ev.ExecutionTerminated(now_us(), reason))

    def suspend(self, instance_id: str, reason: str | None) -> None:
        """Park an instance. Raises NotFoundError, GoneError, WrongStateError."""
        row = self._open(instance_id)
        if row.status == "Suspended":
            raise WrongStateError(row.status, _cannot("suspend", row))
        self._send(instance_id, ev.ExecutionSuspended(now_us(), reason))

    def resume(self, instance_id: str, reason: str | None) -> None:
        """Let a parked instance go on. Raises NotFoundError, GoneError, WrongStateError."""
        row = self._open(instance_id)
        if row.status != "Suspended":
            raise WrongStateError(row.status, _cannot("resume", row))
        self._send(instance_id, ev.ExecutionResumed(now_us(), reason))

    def restart(self, instance_id: str, *, with_new_id: bool) -> str:
        """Start it again with its input; gives the id. Raises NotFoundError, AlreadyExistsError."""
        row = self.get(instance_id)
        return self.start(row.name, None if with_new_id else instance_id, row.input)

    def rewind(self, instance_id: str, reason: str | None) -> None:
        """Let a failed instance do again what failed, in its children too. Raises NotFoundError, WrongStateError."""
        row = self.get(instance_id)
        if row.status != "Failed":
            text = f"This orchestration has status {row.status}, but only orchestrations in the "
            raise WrongStateError(row.status, f'{text}"Failed" state can be rewound.')
        histories: dict[str, list[ev.Event]] = {}
        leaves = self._rewound(instance_id, histories)
        at_us = now_us()
        self._store.rewind(histories, [Letter(leaf, None, ev.GenericEvent(at_us, reason)) for leaf in leaves], at_us)
        self._wake(leaves)

    def _rewound(self, instance_id: str, histories: dict[str, list[ev.Event]]) -> list[str]:
        """Collect rewound histories from an instance downwards; gives those that are to run first."""
        histories[instance_id], failed_children = rewound(self._store.history(instance_id))
        children = [child for child in failed_children if child not in histories and self._is_failed(child)]
        return [leaf for child in children for leaf in self._rewound(child, histories)] or [instance_id]

    def _is_failed(self, instance_id: str) -> bool:
        row = self._store.instance(instance_id)
        return row is not None and row.status == "Failed"

    def purge(self, instance_id: str) -> None:
        """Forget a finished instance. Raises NotFoundError, WrongStateError."""
        row = self.get(instance_id)
        if not row.is_final:
            raise WrongStateError(
                row.status,
                "Only orchestrations in a terminal state can be purged, but the orchestration with instance ID "
                f"{row.id} has status {row.status}",
            )
        with self._store.transaction() as db:
            queries.delete(db, [instance_id])

    def purge_all(self, wanted: queries.Filter) -> int:
        """Forget every instance the filter names, running ones too, as the real host does; gives their number."""
        with self._store.transaction() as db:
            return queries.delete(db, queries.ids(db, wanted))

    def _open(self, instance_id: str) -> InstanceRow:
        row = self.get(instance_id)
        if row.is_final:
            raise GoneError
        return row

    def _send(self, instance_id: str, event: ev.Inbound) -> None:
        self._store.post([Letter(instance_id, None, event)])
        self._wake([instance_id])


def _cannot(what: str, row: InstanceRow) -> str:
    return f"Cannot {what} the orchestration instance {row.id} because instance is in the {row.status} state."
