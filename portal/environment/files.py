"""Settings that are paths of files and folders: each function reads one, or raises ValueError."""

import os
from pathlib import Path

from portal.environment.kinds import Hint, text, words


def file(value: str, suffixes: tuple[str, ...], largest: int) -> str:
    path = Path(value.strip())
    try:
        with path.open("rb"):
            size = path.stat().st_size
    except OSError as error:
        raise Hint(f"{error.strerror}.") from None
    if path.suffix.lower() not in suffixes:
        raise ValueError
    if size > largest:
        raise Hint(f"It has {size}.")
    return str(path)


def toml_files(value: str) -> list[Path]:
    return [Path(file(word, (".toml",), 100_000)) for word in words(value)]


def folder(value: str, *, is_made: bool) -> Path:
    path = Path(text(value))
    if not is_made:
        if path.exists() and not path.is_dir():
            raise Hint("It is a file.")
        return path
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Hint(f"{error.strerror}.") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise Hint("It cannot be written to.")
    return path
