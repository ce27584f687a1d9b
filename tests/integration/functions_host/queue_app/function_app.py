"""Queue functions that note what they are given; the names of their queues are app settings."""

import asyncio
import json
import os
from pathlib import Path

import azure.functions as func

app = func.FunctionApp()


def note(name: str, **given: object) -> None:
    """Append a line to the file that the tests read."""
    with Path(os.environ["SAMPLE_NOTES"]).open("a") as file:
        file.write(f"{name} {json.dumps(given, default=str)}\n")


@app.queue_trigger(arg_name="message", queue_name="%QUEUE_MESSAGES%", connection="AzureWebJobsStorage")
def takes_message(message: func.QueueMessage) -> None:
    """Everything the SDK's object tells; fails where the body says so."""
    body = message.get_body().decode()
    note(
        "takes_message",
        id=message.id,
        dequeue_count=message.dequeue_count,
        inserted=message.insertion_time,
        expires=message.expiration_time,
        next_visible=message.time_next_visible,
        has_receipt=bool(message.pop_receipt),
        body=body,
    )
    if "fail" in body:
        raise RuntimeError("on purpose")


@app.queue_trigger(arg_name="message", queue_name="%QUEUE_TEXTS%", connection="Storage")
def takes_text(message: str) -> None:
    """The bare text; its connection names the setting without the prefix AzureWebJobs."""
    note("takes_text", kind=type(message).__name__, value=message)


@app.queue_trigger(arg_name="message", queue_name="%QUEUE_NAPS%", connection="AzureWebJobsStorage")
async def naps(message: func.QueueMessage) -> None:
    """Sleeps for as many seconds as the body says."""
    note("begins", id=message.id)
    await asyncio.sleep(float(message.get_body()))
    note("ends", id=message.id)
