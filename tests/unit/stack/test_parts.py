"""What is started, with which command."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.stack.__main__ import summary
from local.stack.parts import MissingProgramError, parts
from local.stack.ports import Ports
from local.stack.supervisor import LONGEST_PAUSE_S, pause_before_restart

if TYPE_CHECKING:
    from local.stack.record import Record

PORTS = Ports(host=1, emulator=2, blob=3, queue=4, table=5)


def names(tmp_path: Path, **environment: str) -> list[str]:
    """The parts that start in that environment, in order."""
    return [part.name for part in parts({"PATH": "", **environment}, tmp_path, PORTS, "k")]


def test_parts_start_in_the_order_in_which_they_need_each_other(tmp_path: Path) -> None:
    """Storage first, then the provider, then the host that calls both."""
    assert names(tmp_path) == ["azurite", "emulator", "host"]


def test_parts_leave_the_emulator_out_for_a_real_provider(tmp_path: Path) -> None:
    """With a provider of the user's own there is nothing to emulate."""
    assert names(tmp_path, SORA_ENDPOINT="https://x.example/v1") == ["azurite", "host"]


def test_parts_say_that_core_tools_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HOST=func without `func` on the PATH is refused with the name of what to install."""
    monkeypatch.setattr("shutil.which", {"node": "/usr/bin/node"}.get)
    with pytest.raises(MissingProgramError, match=r"func.*Core Tools"):
        names(tmp_path, HOST="func")


def test_parts_run_core_tools_in_this_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HOST=func runs `func start` on the chosen port, with this Python first on its PATH."""
    monkeypatch.setattr("shutil.which", {"node": "/usr/bin/node", "func": "/opt/func"}.get)
    host = parts({"HOST": "func", "PATH": "/usr/bin"}, tmp_path, PORTS, "k")[-1]
    assert host.command == ("/opt/func", "start", "--port", "1")
    assert host.environment["PATH"].endswith(":/usr/bin")
    assert host.environment["FUNCTIONS_WORKER_RUNTIME"] == "python"


def test_parts_give_the_host_the_options_asked_for(tmp_path: Path) -> None:
    """LAB_HOST_OPTIONS are the last words of the stand-in's command."""
    environment = {"PATH": "", "LAB_HOST_OPTIONS": "--latency 0.1 1  --seed 7"}
    host = parts(environment, tmp_path, PORTS, "k")[-1]
    assert host.command[-5:] == ("--latency", "0.1", "1", "--seed", "7")


@pytest.mark.parametrize("name", ["HOST", "LAB_RENDER_S"])
def test_parts_take_any_other_host_name_for_the_shells(tmp_path: Path, name: str) -> None:
    """Some shells set HOST to the machine's name; that chooses nothing, and an empty setting is none."""
    assert names(tmp_path, **{name: "laptop" if name == "HOST" else ""})[-1] == "host"


def test_pause_before_restart_grows_while_a_part_keeps_dying() -> None:
    """The first restart comes at once; then each pause is longer, up to a bound."""
    pauses = [pause_before_restart(deaths) for deaths in range(1, 12)]
    assert pauses[:4] == [0, 1, 2, 4]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_S


def test_summary_tells_every_address() -> None:
    """What `make up` prints holds every address, the key and its header; without an emulator it says why."""
    record: Record = {
        "api": "http://h/api/v1",
        "api_key": "",
        "host": "http://h",
        "emulator": None,
        "azurite": {"blob": "http://b", "queue": "http://q", "table": "http://t"},
        "pids": {},
        "logs": "/logs",
    }
    text = summary(record)
    for word in ("http://h/api/v1", "http://b", "http://q", "http://t", "/logs", "none is asked for", "SORA_*"):
        assert word in text
    text = summary({**record, "api_key": "secret", "emulator": "http://e"})
    assert "secret" in text
    assert "x-functions-key" in text
    assert "http://e/_emulator" in text
