"""`python -m tests.house.frozen`: a migration that has landed is never edited. Part of `make check`.

A database may have run it. Its digest stands in migrations.sha256, in the format of sha256sum; `--add` writes down new
migrations and leaves what is there alone.
"""

import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DIGESTS = Path(__file__).with_name("migrations.sha256")
APPS = ("accounts", "apppasswords", "portal")


def migrations(root: Path = ROOT) -> dict[str, str]:
    """Path and digest of each."""
    found = (path for app in APPS for path in (root / app).rglob("migrations/[0-9]*.py"))
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(found)}


def landed(digests: Path = DIGESTS) -> dict[str, str]:
    lines = digests.read_text().splitlines() if digests.exists() else []
    return {path: digest for digest, path in (line.split("  ", 1) for line in lines)}


def complaints(root: Path = ROOT, digests: Path = DIGESTS) -> list[str]:
    now, then = migrations(root), landed(digests)
    found = []
    for path, digest in then.items():
        if path not in now:
            found.append(f"{path} has landed and is gone.")
        elif now[path] != digest:
            found.append(f"{path} has landed and was edited: write another migration.")
    new = (path for path in now if path not in then)
    return found + [f"{path} is not in {digests.name}: python -m tests.house.frozen --add" for path in new]


def add(root: Path = ROOT, digests: Path = DIGESTS) -> None:
    known = migrations(root) | landed(digests)
    digests.write_text("".join(f"{digest}  {path}\n" for path, digest in sorted(known.items())))


if __name__ == "__main__":
    if "--add" in sys.argv[1:]:
        add()
    sys.exit("\n".join(complaints()) or 0)
