"""Runs queue functions: receives, calls, retries, and moves dead messages to the poison queue.

Knows the storage SDK, which is imported only where an app has such functions; decides nothing about a message.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from local.functions_host.host_settings import QueueSettings
from local.functions_host.invoker import AppError, Extras, Function, InvocationError, Invoker
from local.functions_host.queue_messages import EncodingError, decoded, ending, fate, metadata, poison_queue

if TYPE_CHECKING:
    from azure.storage.queue import QueueMessage
    from azure.storage.queue.aio import QueueClient

LEASE_S = 600  # how long a received message is invisible; renewed at half time (measured: +10 min)
_FIRST_PAUSE_S = 0.1
_DEFAULT_CONNECTION = "AzureWebJobsStorage"
# What UseDevelopmentStorage=true stands for: the account every Azurite has, published in its documentation.
_DEVELOPMENT_STORAGE = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
)

_log = logging.getLogger("host.queues")
_requests = logging.getLogger("host.queues.requests")
_requests.setLevel(logging.WARNING)  # every look at a queue is a request, and the SDK tells of each


class QueueTriggers:
    """All queue functions of the app. Raises AppError for one whose storage is not named."""

    def __init__(
        self,
        invoker: Invoker,
        functions: Sequence[Function],
        settings: QueueSettings,
        *,
        durable_client: str,
        lease_s: int = LEASE_S,
    ) -> None:
        self._listeners = [
            _Listener(function, invoker, settings, durable_client=durable_client, lease_s=lease_s)
            for function in functions
            if function.trigger_type == "queueTrigger" and function.is_callable
        ]

    async def work(self) -> None:
        """Listen for ever."""
        await asyncio.gather(*(listener.listen() for listener in self._listeners))

    async def drain(self, grace_s: float) -> None:
        """Receive nothing more, give what runs a moment to end, and make visible again what does not."""
        await asyncio.gather(*(listener.drain(grace_s) for listener in self._listeners))


def _connection(function: Function) -> str:
    name = str(function.trigger.get("connection") or _DEFAULT_CONNECTION)
    value = os.environ.get(name) or os.environ.get(f"AzureWebJobs{name}")
    if not value:
        raise AppError(
            f"Function '{function.name}' cannot be loaded: its connection names the app setting '{name}', which is not "
            "set; this host takes a connection string there, or UseDevelopmentStorage=true."
        )
    return _DEVELOPMENT_STORAGE if value.strip().lower().rstrip(";") == "usedevelopmentstorage=true" else value


class _Listener:
    """One queue function."""

    def __init__(
        self,
        function: Function,
        invoker: Invoker,
        settings: QueueSettings,
        *,
        durable_client: str,
        lease_s: int,
    ) -> None:
        try:
            from azure.storage.queue.aio import QueueServiceClient  # noqa: PLC0415 - few apps have queue functions
        except ImportError as error:
            raise AppError(
                f"Function '{function.name}' cannot be loaded: queue functions need the package azure-storage-queue "
                f"beside the host ({error})."
            ) from error

        self._function = function
        self._invoker = invoker
        self._settings = settings
        self._durable_client = durable_client
        self._lease_s = lease_s
        self._name = str(function.trigger["queueName"]).lower()
        try:
            self._service = QueueServiceClient.from_connection_string(_connection(function), logger=_requests)
        except ValueError as error:
            raise AppError(f"Function '{function.name}' cannot be loaded: its connection: {error}.") from error
        self._queue: QueueClient = self._service.get_queue_client(self._name)
        self._running: set[asyncio.Task[None]] = set()
        self._is_open = True
        self._trouble: str | None = None

    async def listen(self) -> None:
        """Receive a batch, run it, and ask for the next when few enough still run."""
        pause_s = _FIRST_PAUSE_S
        async with self._service:
            while self._is_open:
                messages = await self._receive()
                if not self._is_open:
                    back = (self._receipt(message).release(0) for message in messages)
                    await asyncio.gather(*back, return_exceptions=True)  # what fails comes back with its lease
                    break
                for message in messages:
                    task = asyncio.create_task(self._process(message))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)
                while len(self._running) > self._settings.new_batch_threshold:
                    await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                if messages:
                    pause_s = _FIRST_PAUSE_S
                else:
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, self._settings.max_polling_interval_s)
            await asyncio.Event().wait()  # closed: the client is still needed until the host goes

    async def drain(self, grace_s: float) -> None:
        """See QueueTriggers."""
        self._is_open = False
        if self._running:
            _, left = await asyncio.wait(self._running, timeout=grace_s)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _receive(self) -> "list[QueueMessage]":
        from azure.core.exceptions import AzureError, ResourceNotFoundError  # noqa: PLC0415 - as above

        try:
            batch = self._queue.receive_messages(
                max_messages=self._settings.batch_size,
                messages_per_page=self._settings.batch_size,
                visibility_timeout=self._lease_s,
                retry_total=0,  # the next look is the retry; the SDK's own would keep the reason back for a minute
            )
            messages = [message async for message in batch]
        except ResourceNotFoundError:  # nobody has made the queue yet
            messages = []
        except AzureError as error:
            self._complain(str(error).partition("\n")[0])
            return []
        self._trouble = None
        return messages

    def _complain(self, trouble: str) -> None:
        """Say why the queue cannot be read, once and not at every look."""
        if trouble != self._trouble:
            _log.warning("%s: queue %s cannot be read: %s", self._function.name, self._name, trouble)
        self._trouble = trouble

    def _receipt(self, message: "QueueMessage") -> "_Receipt":
        return _Receipt(self._queue, message, self._lease_s)

    async def _process(self, message: "QueueMessage") -> None:
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - as above

        receipt = self._receipt(message)
        try:
            await self._settle(message, receipt)
        except asyncio.CancelledError:
            with suppress(AzureError):
                await receipt.release(0)
            raise
        except AzureError as error:  # it comes again when its lease is over: at least once
            _log.warning("%s: message %s could not be settled: %s", self._function.name, message.id, error)

    async def _settle(self, message: "QueueMessage", receipt: "_Receipt") -> None:
        count, limit = message.dequeue_count or 1, self._settings.max_dequeue_count
        if fate(count, limit) == "poison":
            await self._bury(message, receipt)
        elif await self._ran_well(message, count, receipt):
            await receipt.delete()
        else:
            match ending(self._name, count, limit):
                case "poison":
                    await self._bury(message, receipt)
                case "again":
                    await receipt.release(self._settings.visibility_timeout_s)
                case "leave":
                    pass

    async def _ran_well(self, message: "QueueMessage", count: int, receipt: "_Receipt") -> bool:
        name = self._function.name
        try:
            body = decoded(message.content, self._settings.message_encoding)
        except EncodingError as error:
            _log.error("%s: message %s is not delivered: %s", name, message.id, error)
            return False
        given = metadata(
            message_id=message.id,
            dequeue_count=count,
            pop_receipt=message.pop_receipt or "",
            inserted=message.inserted_on,
            expires=message.expires_on,
            next_visible=message.next_visible_on,
        )
        keeping = asyncio.create_task(receipt.keep())
        try:
            await self._invoker.queue(name, body, Extras(durable_client=self._durable_client, metadata=given))
        except InvocationError as error:
            _log.error("%s: message %s failed (%d)", name, message.id, count, exc_info=error.__cause__ or error)
            return False
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        return True

    async def _bury(self, message: "QueueMessage", receipt: "_Receipt") -> None:
        from azure.core.exceptions import ResourceExistsError  # noqa: PLC0415 - as above

        target = poison_queue(self._name)
        if target is None:
            return
        poison = self._service.get_queue_client(target)
        with suppress(ResourceExistsError):
            await poison.create_queue()
        await poison.send_message(message.content)  # the text as it came, whatever its encoding
        await receipt.delete()
        _log.error("%s: message %s is moved to %s", self._function.name, message.id, target)


class _Receipt:
    """The right to settle one message; renewing it makes a new one."""

    def __init__(self, queue: "QueueClient", message: "QueueMessage", lease_s: int) -> None:
        self._queue = queue
        self._id = message.id
        self._pop_receipt = message.pop_receipt
        self._lease_s = lease_s

    async def keep(self) -> None:
        """Renew the lease at half time, for ever."""
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - as above

        while True:
            await asyncio.sleep(self._lease_s / 2)
            with suppress(AzureError):  # the next half time may do better
                await self.release(self._lease_s)

    async def release(self, visibility_timeout_s: int) -> None:
        """Make the message visible after that time."""
        updated = await self._queue.update_message(
            self._id, pop_receipt=self._pop_receipt, visibility_timeout=visibility_timeout_s
        )
        self._pop_receipt = updated.pop_receipt

    async def delete(self) -> None:
        """The message is done."""
        await self._queue.delete_message(self._id, pop_receipt=self._pop_receipt)
