"""host.json and local.settings.json: what is read, and what is refused."""

import json
import os
from pathlib import Path

import pytest

from local.functions_host.host_settings import QueueSettings, SettingsError, apply_local_settings, read_host_json


def folder_with(folder: Path, **files: str) -> Path:
    """A folder with these JSON files."""
    for name, text in files.items():
        (folder / f"{name.replace('_', '.')}.json").write_text(text)
    return folder


def test_defaults_are_the_platforms(tmp_path: Path) -> None:
    """Prefix api, half an hour, ten times the cores."""
    settings = read_host_json(folder_with(tmp_path, host='{"version": "2.0"}'))
    concurrency = 10 * (os.cpu_count() or 1)
    assert (settings.route_prefix, settings.function_timeout_s) == ("api", 1800.0)
    assert (settings.max_activities, settings.max_orchestrators) == (concurrency, concurrency)


def test_settings_are_read(tmp_path: Path) -> None:
    """Prefix, hub, time-out and concurrency."""
    durable = {"hubName": "Hub", "maxConcurrentActivityFunctions": 3, "maxConcurrentOrchestratorFunctions": 4}
    content = {
        "version": "2.0",
        "functionTimeout": "1.02:03:04",
        "extensions": {"http": {"routePrefix": "a/b"}, "durableTask": durable},
    }
    settings = read_host_json(folder_with(tmp_path, host=json.dumps(content)))
    assert (settings.route_prefix, settings.hub_name, settings.max_activities) == ("a/b", "Hub", 3)
    assert (settings.max_orchestrators, settings.function_timeout_s) == (4, 93784.0)


def test_settings_of_queues_are_read(tmp_path: Path) -> None:
    """The platform's defaults; a batch of one leaves no second message running."""
    assert read_host_json(folder_with(tmp_path, host='{"version": "2.0"}')).queues == QueueSettings()
    queues = {
        "batchSize": 1,
        "maxDequeueCount": 3,
        "visibilityTimeout": "00:01:30",
        "maxPollingInterval": "00:00:00.500",
        "messageEncoding": "None",
    }
    content = {"version": "2.0", "extensions": {"queues": queues}}
    assert read_host_json(folder_with(tmp_path, host=json.dumps(content))).queues == QueueSettings(
        batch_size=1,
        new_batch_threshold=0,
        max_dequeue_count=3,
        visibility_timeout_s=90,
        max_polling_interval_s=0.5,
        message_encoding="none",
    )


def test_time_limit_can_be_off(tmp_path: Path) -> None:
    """-1 is no limit."""
    path = folder_with(tmp_path, host='{"version": "2.0", "functionTimeout": "-1"}')
    assert read_host_json(path).function_timeout_s is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "host.json cannot be read"),
        ("[]", "must hold a JSON object"),
        ('{"version": "1.0"}', 'must say "version": "2.0", not "1.0"'),
        ('{"version": "2.0", "functionTimeout": "soon"}', "'functionTimeout'"),
        ('{"version": "2.0", "extensions": 1}', "'extensions'"),
        ('{"version": "2.0", "extensions": {"queues": {"batchSize": 33}}}', "must be at most 32, not 33"),
        ('{"version": "2.0", "extensions": {"queues": {"newBatchThreshold": -1}}}', "'newBatchThreshold'"),
        ('{"version": "2.0", "extensions": {"queues": {"messageEncoding": "utf8"}}}', "'messageEncoding'"),
        ('{"version": "2.0", "extensions": {"queues": {"visibilityTimeout": "soon"}}}', "'visibilityTimeout'"),
        (
            '{"version": "2.0", "extensions": {"durableTask": {"maxConcurrentActivityFunctions": 0}}}',
            "'maxConcurrentActivityFunctions'",
        ),
    ],
)
def test_bad_host_json_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """File and value are named."""
    with pytest.raises(SettingsError, match=r"host\.json") as refused:
        read_host_json(folder_with(tmp_path, host=text))
    assert told in str(refused.value)


def test_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are settings only where the environment has none of that name."""
    monkeypatch.setenv("SAMPLE_KNOWN", "environment")
    monkeypatch.delenv("SAMPLE_NEW", raising=False)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    apply_local_settings(
        folder_with(tmp_path, local_settings='{"Values": {"SAMPLE_KNOWN": "file", "SAMPLE_NEW": "file"}}')
    )
    assert (os.environ["SAMPLE_KNOWN"], os.environ["SAMPLE_NEW"]) == ("environment", "file")


def test_bad_local_settings_are_refused(tmp_path: Path) -> None:
    """A settings file that cannot be read is not skipped; none at all is fine."""
    apply_local_settings(tmp_path)
    with pytest.raises(SettingsError, match=r"local\.settings\.json cannot be read"):
        apply_local_settings(folder_with(tmp_path, local_settings="{"))
