"""Where downloads go, and that they are there completely or not at all."""

from pathlib import Path

import pytest

from client.files import replacing, target


def test_replacing_moves_the_whole_file(tmp_path: Path) -> None:
    """The file appears, in a folder that is made for it, with nothing left beside it."""
    path = tmp_path / "new" / "a.mp4"
    with replacing(path) as part:
        part.write(b"video")
        assert not path.exists()
    assert [(found.name, found.read_bytes()) for found in path.parent.iterdir()] == [("a.mp4", b"video")]


def test_replacing_leaves_the_old_file_on_a_fault(tmp_path: Path) -> None:
    """A fault in the middle leaves what was there, and no half of the new one."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")

    def fail() -> None:
        with replacing(path) as part:
            part.write(b"ne")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("a.mp4", b"old")]


def test_target_in_a_directory_gets_the_servers_name(tmp_path: Path) -> None:
    """A directory that exists, one that ends in a slash, and a name without suffix all take the offered name."""
    assert target(str(tmp_path), "g.mp4") == tmp_path / "g.mp4"
    assert target("new/", "g.mp4") == Path("new/g.mp4")
    assert target("new", "g.mp4") == Path("new/g.mp4")


def test_target_of_several_numbers_the_files() -> None:
    """One file name for several videos gets their numbers; for one video it is taken as it is."""
    assert target("a/b.mp4", "g.mp4") == Path("a/b.mp4")
    assert target("a/b.mp4", "g.mp4", index=1, of=2) == Path("a/b-1.mp4")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/abs.mp4", "abs.mp4"),
        ("..", "video.mp4"),
        ("", "video.mp4"),
        (".hidden", "hidden"),
        ("a\x00\nb.mp4", "ab.mp4"),
    ],
)
def test_target_lets_no_server_leave_the_directory(name: str, plain: str) -> None:
    """A name from a server is reduced to a plain file name."""
    assert target("out/", name) == Path("out") / plain
