"""What stands in .env, line by line: NAME=value, comments and empty lines, nothing else."""

import re
from dataclasses import dataclass, field
from pathlib import Path

# Capitals, or small letters only: the lines of a key that somebody pasted are no names, and are not to be shown.
LINE = re.compile(r"(?:export )?([A-Z_][A-Z0-9_]*|[a-z_]+)=(.*)")
MEANT = re.compile(r"(?:export\s+)?([A-Z_][A-Z0-9_]*)\s*(?:=|$)")
LONGEST_NAME = 40  # characters; what is longer may be a secret


@dataclass(frozen=True)
class Entry:
    value: str
    line: int


@dataclass
class Dotenv:
    path: Path
    entries: dict[str, Entry] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def read(path: Path) -> Dotenv:
    """Without a file there are no entries; everything can be set in the environment."""
    found = Dotenv(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return found
    except OSError as error:
        found.faults.append(f"{path} cannot be read: {error.strerror}.")
        return found
    except UnicodeDecodeError as error:
        found.faults.append(f"{path} is no text in UTF-8: look at line {error.object[: error.start].count(10) + 1}.")
        return found
    _read_lines(found, lines)
    return found


def _read_lines(found: Dotenv, lines: list[str]) -> None:
    inside = ""  # the quotation mark that a value began with and has not ended with
    is_broken = False  # the line before; a key of thirty lines is one fault
    for number, line in enumerate((line.strip() for line in lines), start=1):
        if inside:
            inside = "" if line.endswith(inside) else inside
            continue
        match = LINE.fullmatch(line)
        if match and (mark := _left_open(match[2])):
            inside = mark
            found.faults.append(
                f"{found.path}, line {number}: the value of {match[1]} begins with {mark} and does not end with it on"
                r" that line; a line break in a value is written as \n."
            )
        elif match:
            found.entries[match[1]] = Entry(_unquoted(match[2]), number)
        elif line and not line.startswith("#"):
            if not is_broken:
                found.faults.append(
                    f"{found.path}, line {number}{_meant(line)}: a line must be NAME=value without spaces around the =,"
                    " or begin with #."
                )
            is_broken = True
            continue
        is_broken = False


def _left_open(value: str) -> str:
    mark = value[:1]
    return mark if mark in ("'", '"') and (len(value) == 1 or not value.endswith(mark)) else ""


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1]
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", lambda match: match[0] if match[1] in "rnt" else match[1], value[1:-1])
    return value


def _meant(line: str) -> str:
    """The name that the line seems to be about. The rest is not shown: it may be a secret."""
    match = MEANT.match(line)
    return f" ({match[1]})" if match and len(match[1]) <= LONGEST_NAME else ""
