"""Settings as they are read from the environment and .env: of the kind that is wanted, or a sentence that says what is.

A reader knows a setting's name, its default and its limits as .env would say them, and what is wanted. A value of
another kind is noted and the default stands in for it, so that `finish` can say everything at once. Without a default
a setting must be set. An empty value counts as not set. NAME_FILE names a file that holds the value of NAME.
"""

import os
import sys
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

from portal.environment import dotenv, kinds

T = TypeVar("T")

# Names in .env that are read by libraries: proxies, certificates, libpq, Python.
OF_LIBRARIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE",
                "SSL_CERT_DIR", "DJANGO_SETTINGS_MODULE", "TZ", "LANG")  # fmt: skip
PREFIXES_OF_LIBRARIES = ("PG", "PYTHON", "LC_", "GRANIAN_")
TOLD = "MAILKEY_UNKNOWN_NAMES_TOLD"  # by the process that started this one
LONGEST_SHOWN = 200  # characters of a wrong value


@dataclass(frozen=True)
class Setting:
    name: str
    wanted: str  # completes "it must be ..."
    default: str | None  # as .env would say it; None: it must be set
    limits: str = ""
    is_secret: bool = False


class Reader:
    def __init__(self, path: Path, environ: MutableMapping[str, str] = os.environ) -> None:
        self.settings: dict[str, Setting] = {}
        self.parsers: dict[str, Callable[[str], Any]] = {}
        self.faults: list[str] = []
        self._faulty: set[str] = set()
        self._environ = environ
        self._dotenv = dotenv.read(path)
        self._own = {name for name in environ if name not in self._dotenv.entries}
        self.faults += self._dotenv.faults
        for name, entry in self._dotenv.entries.items():
            environ.setdefault(name, entry.value)  # processes that are started from here, and libraries, find it too

    # --- What every reader does

    def read(self, setting: Setting, parse: Callable[[str], T], *, nothing: T) -> T:
        """`parse` raises ValueError. `nothing` stands for what is empty, or is missing but must be set."""
        name = setting.name
        self.settings[name], self.parsers[name] = setting, parse
        given = self._given(name)
        if given is None:
            pass  # it was noted
        elif given.strip():
            try:
                return parse(given)
            except (ValueError, OSError, ImproperlyConfigured) as error:
                self._note(name, self._sentence(setting, given, error))
        elif setting.default is None:
            self._note(name, f"{name} must be set in the environment or in .env: {setting.wanted}.")
        return self._stand_in(setting, parse, nothing)

    def _stand_in(self, setting: Setting, parse: Callable[[str], T], nothing: T) -> T:
        try:
            return parse(setting.default) if setting.default else nothing
        except ValueError as error:
            if not self.faults:  # or it was made from another setting, which is wrong
                self._note(setting.name, self._sentence(setting, setting.default or "", error))
            return nothing

    def _note(self, name: str, sentence: str) -> None:
        self._faulty.add(name)
        self.faults.append(sentence)

    def _given(self, name: str) -> str | None:
        """What is set; None: it is in a file that cannot be read."""
        path = self._environ.get(f"{name}_FILE")
        if not path:
            return self._environ.get(name, "")
        try:
            return Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
            self._note(name, f"{name}_FILE is {_shown(path)}, which cannot be read: {why}.")
            return None

    def _sentence(self, setting: Setting, given: str, error: Exception) -> str:
        value = f"(length: {len(given)})" if setting.is_secret else f"is {_shown(given.strip())}"
        default = f" (default {setting.default})" if setting.default and not setting.is_secret else ""
        hint = f" {error}" if isinstance(error, kinds.Hint) else ""
        must = "must be" if setting.is_secret else "and must be"
        return f"{setting.name} {value}{self._origin(setting.name)} {must} {setting.wanted}{default}.{hint}"

    def _origin(self, name: str) -> str:
        if path := self._environ.get(f"{name}_FILE"):
            return f" in {path}"
        entry = self._dotenv.entries.get(name)
        if entry and entry.value == self._environ.get(name):
            return f" in {self._dotenv.path}, line {entry.line}"
        return ""

    # --- At the end

    def need(self, who: str, *names: str) -> None:
        """One of these, if another setting is what it is."""
        if not self._faulty.intersection(names) and not any((self._given(name) or "").strip() for name in names):
            self.faults.append(f"{who} needs {' or '.join(names)}.")

    def need_package(self, who: str, package: str, file: str) -> None:
        """One that is installed only where it is used."""
        if find_spec(package) is None:
            self.faults.append(f"{who} needs more packages: .venv/bin/pip install -r {file}.")

    def stop_if_wrong(self, *names: str) -> None:
        """If others depend on them: what would be said of those would not be true."""
        if self._faulty.intersection(names):
            self._stop()

    def _stop(self) -> None:
        """Ends the process, whichever it is: a command, a web server's, a worker's. Nobody wants the traceback."""
        if len(self.faults) == 1:
            sys.exit(f"Mailkey does not start: {self.faults[0]}")
        sys.exit("\n".join(["Mailkey does not start:", *(f"- {fault}" for fault in self.faults)]))

    def finish(self) -> None:
        """All settings were read: says once which names nothing reads, and ends the process if something is wrong."""
        unknown = self.unknown()
        if unknown and self._environ.get(TOLD) != ",".join(unknown):
            self._environ[TOLD] = ",".join(unknown)  # the processes that are started from here need not say it again
            sys.stderr.write("".join(f"Mailkey: {sentence}\n" for sentence in unknown.values()))
        if self.faults:
            self._stop()

    def unknown(self) -> dict[str, str]:
        """Names that nothing reads: all of .env's, and those of the environment that nearly are one of ours."""
        found = {}
        for name, entry in self._dotenv.entries.items():
            if not self._is_known(name):
                meant = get_close_matches(name, self.settings, n=1)
                found[name] = f"{self._dotenv.path}, line {entry.line}: nothing reads {name}{_perhaps(meant)}"
        for name in sorted(self._own):
            if not self._is_known(name) and (meant := get_close_matches(name, self.settings, n=1, cutoff=0.9)):
                found[name] = f"nothing reads {name} of the environment{_perhaps(meant)}"
        return found

    def _is_known(self, name: str) -> bool:
        return (
            name in self.settings
            or name.removesuffix("_FILE") in self.settings
            or name.upper() in OF_LIBRARIES
            or name.startswith(PREFIXES_OF_LIBRARIES)
        )


def _shown(value: str) -> str:
    value = kinds.CONTROL.sub(lambda match: repr(match[0])[1:-1], value)
    return f'"{value[:LONGEST_SHOWN]}…"' if len(value) > LONGEST_SHOWN else f'"{value}"'


def _perhaps(meant: list[str]) -> str:
    return f"; is {meant[0]} meant?" if meant else "."
