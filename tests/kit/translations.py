"""`python -m tests.kit.translations`: is the Chinese catalogue complete, and compiled?

`--update` collects and compiles it.

Needs gettext (xgettext, msgmerge, msgfmt).
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent.parent
CATALOGUE = Path("locale/zh_Hans/LC_MESSAGES/django.po")
SOURCES = ("accounts", "apppasswords", "portal", "templates", "locale")
# What changes with every run, or says nothing, is not kept.
NOISE = re.compile(r'^"(?!Project-Id-Version|Language:|MIME|Content|Plural)[A-Z][A-Za-z-]+: .*\\n"\n', re.MULTILINE)


def collect(root: Path) -> str:
    """Bring the catalogue below `root` up to date with the sources there; what it says now."""
    subprocess.run(
        [sys.executable, str(BASE / "manage.py"), "makemessages", "--locale", "zh_Hans", "--no-wrap", "--no-obsolete",
         "--add-location", "file", "--ignore", "var", "--ignore", ".venv", "--ignore", "tests", "--verbosity", "0"],
        check=True, cwd=root, env=os.environ | {"DEBUG": "on", "VAR": str(root / "var"), "PYTHONPATH": str(BASE)},
    )  # fmt: skip
    path = root / CATALOGUE
    path.write_text(NOISE.sub("", path.read_text()))
    return path.read_text()


def compiled(catalogue: Path) -> bytes:
    done = subprocess.run(["msgfmt", "--check-format", "-o", "-", catalogue], check=True, capture_output=True)
    return done.stdout


def lacking(text: str) -> list[str]:
    """The entries that are not translated, or only by msgmerge's guess."""
    _header, *entries = text.strip().split("\n\n")
    guessed = re.compile(r"^#, .*\bfuzzy\b", re.MULTILINE)
    empty = re.compile(r'^msgstr(\[\d\])? ""$(?!\n")', re.MULTILINE)
    return [entry for entry in entries if guessed.search(entry) or empty.search(entry + "\n")]


def complaints() -> list[str]:
    written = (BASE / CATALOGUE).read_text()
    found = [f"{CATALOGUE}: to be translated:\n{entry}" for entry in lacking(written)]
    with tempfile.TemporaryDirectory(prefix="mailkey-messages-") as name:
        copy = Path(name)
        for source in SOURCES:
            if (BASE / source).exists():
                shutil.copytree(BASE / source, copy / source)
        if collect(copy) != written:
            found.append(f"{CATALOGUE} does not match the sources: run `make messages`, translate what is new.")
    machine = (BASE / CATALOGUE).with_suffix(".mo")
    if not machine.exists() or machine.read_bytes() != compiled(BASE / CATALOGUE):
        found.append(f"{machine.relative_to(BASE)} is not made from {CATALOGUE}: run `make messages`.")
    return found


def update() -> list[str]:
    text = collect(BASE)
    (BASE / CATALOGUE).with_suffix(".mo").write_bytes(compiled(BASE / CATALOGUE))
    return [f"to be translated:\n{entry}" for entry in lacking(text)]


if __name__ == "__main__":
    if not shutil.which("msgfmt"):
        sys.exit("gettext is not installed: apt install gettext")
    sys.exit("\n\n".join(update() if "--update" in sys.argv[1:] else complaints()) or 0)
