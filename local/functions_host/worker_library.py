"""Calls the app's functions through ``azure-functions-runtime``, which is what Azure does on Python 3.13 and later.

Knows that library's doors, and what stands in for the protobuf messages that come through them.
"""

import asyncio
import importlib
import logging
import sys
import uuid
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any

from azure.functions.meta import Datum

from local.functions_host.app_loader import describe
from local.functions_host.in_process import InProcessInvoker, failure_of, not_there
from local.functions_host.invoker import AppError, Extras, Function, UserCodeError

LIBRARY = "azure_functions_runtime"


class Message(SimpleNamespace):
    """Any protobuf message: it holds what it was made with, and of a group of fields the only one that it has."""

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802 - protobuf's name
        """Name the field of a group that is set."""
        return "data" if group == "rpc_data" else next(iter(vars(self)), None)


class _StatusResult(Message):
    Failure = 0
    Success = 1


class _BindingInfo(Message):
    undefined = 0
    out = 1
    inout = 2


class _Cookie(Message):
    SameSite = SimpleNamespace(Lax="lax", Strict="strict", ExplicitNone="none", **{"None": ""})


class _Kinds:
    """The module of message classes that the library asks for; what has no constants is just a message."""

    StatusResult = _StatusResult
    BindingInfo = _BindingInfo
    RpcHttpCookie = _Cookie

    def __getattr__(self, _: str) -> type[Message]:
        return Message


class WorkerLibraryInvoker(InProcessInvoker):
    """The invoker of ``--worker-library``. The library keeps one app in each process."""

    def load(self) -> Sequence[Function]:
        """Have the library import and check the app."""
        try:
            self._library: Any = importlib.import_module(LIBRARY)
        except ImportError as error:
            raise AppError(
                f"--worker-library needs Python 3.13 or later and azure-functions-runtime: {error}."
            ) from error
        sys.path.insert(0, str(self._folder))
        self._library.start_threadpool_executor()
        logging.getLogger("azure.functions").setLevel(logging.WARNING)  # it tells of every call
        about = Message(capabilities={}, function_app_directory=str(self._folder))
        properties = {"host": "127.0.0.1", "protos": _Kinds()}
        began = self._ask(
            self._library.worker_init_request(
                Message(request=Message(worker_init_request=about), properties=properties)
            )
        )
        if began.result.status == _StatusResult.Failure:
            raise AppError(f"{self._folder} cannot be served: {began.result.exception.message}")
        listed: list[Any] = self._ask(self._library.functions_metadata_request(None)).function_metadata_results or []
        if not listed:
            raise AppError(f"{LIBRARY} finds no functions in {self._folder}.")
        self._ids = {str(one.name): str(one.function_id) for one in listed}
        self._listed = {str(one.name): describe(one.name, one.raw_bindings, one.script_file) for one in listed}
        return list(self._listed.values())

    def _begin(self, name: str, datum: Datum, extras: Extras) -> asyncio.Future[Datum | None]:
        function = self._listed.get(name)
        if function is None:
            raise not_there(name)
        given = [Message(name=function.trigger["name"], data=_message(datum))]
        if function.durable_client is not None:
            given.append(Message(name=function.durable_client, data=Message(string=extras.durable_client)))
        call = Message(
            invocation_id=str(uuid.uuid4()),
            function_id=self._ids[name],
            input_data=given,
            trigger_metadata={key: _metadatum(value) for key, value in extras.metadata.items()},
            trace_context=Message(trace_parent=extras.trace_parent, trace_state=extras.trace_state, attributes={}),
            retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
        )
        invocation = self._invoke(Message(request=Message(invocation_request=call)))
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(invocation, self._loop))

    async def _invoke(self, request: Message) -> Datum | None:
        try:
            answer: Any = await self._library.invocation_request(request)
        except SystemExit as error:
            raise failure_of(error) from error
        if answer.result.status == _StatusResult.Failure:
            kind, _, text = answer.result.exception.message.partition(": ")
            raise UserCodeError(kind, text, answer.result.exception.stack_trace)
        return _datum(answer.return_value)

    def _ask(self, question: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(question, self._loop).result()


def _metadatum(value: str | int) -> Message:
    return Message(json=str(value)) if isinstance(value, int) else Message(string=value)


def _message(datum: Datum) -> Message:
    if datum.type != "http":
        return Message(**{str(datum.type): datum.value})
    parts: dict[str, Any] = datum.value
    plain = {name: parts[name].value for name in ("method", "url")}
    maps = {name: {key: one.value for key, one in parts[name].items()} for name in ("headers", "params", "query")}
    return Message(http=Message(**plain, **maps, body=_message(parts["body"])))


def _datum(message: Any) -> Datum | None:
    kind = message and message.WhichOneof("data")
    if not kind:
        return None
    value: Any = getattr(message, kind)
    if kind != "http":
        return Datum(value, kind)
    parts = {
        "status_code": Datum(value.status_code, "string"),
        "headers": {name: Datum(text, "string") for name, text in value.headers.items()},
        "cookies": list(map(_cookie, value.cookies or [])),
        "body": _datum(value.body) or Datum(b"", "bytes"),
    }
    return Datum(parts, "http")


def _cookie(message: Any) -> SimpleCookie:
    cookie = SimpleCookie({str(message.name): str(message.value)})
    fields = {"domain": message.domain, "path": message.path, "max-age": message.max_age}
    fields |= {"secure": message.secure, "httponly": message.http_only}
    for key, field in fields.items():
        if field is not None:
            cookie[message.name][key] = field.value
    if message.expires is not None:
        cookie[message.name]["expires"] = format_datetime(
            datetime.fromtimestamp(message.expires.value.seconds, UTC), usegmt=True
        )
    cookie[message.name]["samesite"] = message.same_site
    return cookie
