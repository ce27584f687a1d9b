"""Which ports a stack listens on."""

import socket
from pathlib import Path

import pytest

from local.stack.ports import BLOCK, FIRST, LAST, SETTINGS, PortError, as_dict, choose, is_free


def all_free(port: int) -> bool:
    """A machine on which nobody listens."""
    return port > 0


def test_choose_gives_a_checkout_the_same_ports_again() -> None:
    """The same folder gets the same ports, another folder others, and no port is used twice."""
    one, again = (choose({}, Path("/a/.lab"), free=all_free) for _ in range(2))
    other = choose({}, Path("/b/.lab"), free=all_free)
    assert one == again
    assert len({*as_dict(one).values(), *as_dict(other).values()}) == 2 * len(SETTINGS)
    assert all(FIRST <= port <= LAST for port in as_dict(one).values())


def test_choose_walks_around_ports_that_are_taken() -> None:
    """A port where somebody listens is left to them."""
    first = choose({}, Path("/a/.lab"), free=all_free)
    taken = {first.host, first.blob}
    then = choose({}, Path("/a/.lab"), free=lambda port: port not in taken)
    assert not taken & set(as_dict(then).values())


def test_choose_finds_the_last_free_ports_anywhere() -> None:
    """The search goes through the whole range once, from wherever it starts."""
    left = set(range(FIRST, FIRST + len(SETTINGS)))
    assert set(as_dict(choose({}, Path("/a/.lab"), free=left.__contains__)).values()) == left


def test_choose_gives_up_when_nothing_is_free() -> None:
    """A machine without a free port is told so."""
    with pytest.raises(PortError, match="taken"):
        choose({}, Path("/a/.lab"), free=lambda _port: False)


def test_choose_takes_what_is_set() -> None:
    """A port that was set is used, and the others avoid it."""
    preferred = choose({}, Path("/a/.lab"), free=all_free)
    ports = choose({"LAB_EMULATOR_PORT": str(preferred.host)}, Path("/a/.lab"), free=all_free)
    assert ports.emulator == preferred.host
    assert len(set(as_dict(ports).values())) == len(SETTINGS)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "80.5", "²"])
def test_choose_refuses_what_is_no_port(text: str) -> None:
    """A setting that is no port is named with its value."""
    with pytest.raises(PortError, match="LAB_PORT"):
        choose({"LAB_PORT": text}, Path("/a/.lab"), free=all_free)


def test_choose_refuses_a_set_port_that_is_taken_or_given_twice() -> None:
    """A port that was set is never changed silently."""
    with pytest.raises(PortError, match=r"LAB_PORT is 7071.*listens already"):
        choose({"LAB_PORT": "7071"}, Path("/a/.lab"), free=lambda _port: False)
    with pytest.raises(PortError, match=r"LAB_EMULATOR_PORT is 7071.*another part"):
        choose({"LAB_PORT": "7071", "LAB_EMULATOR_PORT": "7071"}, Path("/a/.lab"), free=all_free)


def test_is_free_sees_who_listens() -> None:
    """A port is taken while somebody listens there, and free afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        assert not is_free(port)
    assert is_free(port)


def test_a_block_holds_a_whole_stack() -> None:
    """Two checkouts that start at different blocks do not meet."""
    assert len(SETTINGS) <= BLOCK
