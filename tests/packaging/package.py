"""The deployment package: the files `func` and `azd` would send, as a zip, by the rules of .funcignore."""

import fnmatch
import subprocess
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def files() -> list[str]:
    """The files of the working tree that are deployed: what git knows, less what .funcignore names."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    patterns = [line for line in (ROOT / ".funcignore").read_text("utf-8").splitlines() if line]
    return sorted(path for path in set(listed) if (ROOT / path).is_file() and not _is_ignored(path, patterns))


def _is_ignored(path: str, patterns: list[str]) -> bool:
    parts = path.split("/")
    for pattern in patterns:
        candidates = parts[:1] if pattern.startswith("/") else parts
        if any(fnmatch.fnmatch(part, pattern.removeprefix("/")) for part in candidates):
            return True
    return False


def build(to: Path) -> Path:
    """Write the zip that is sent; the platform's remote build adds the dependencies."""
    archive = to / "package.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        for path in files():
            written.write(ROOT / path, path)
    return archive


def zipped_bytes(folder: Path) -> int:
    """How large a folder is once it is zipped, compiled files aside."""
    archive = folder.parent / f"{folder.name}.measured.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                written.write(path, path.relative_to(folder))
    size = archive.stat().st_size
    archive.unlink()
    return size
