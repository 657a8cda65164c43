"""Settings as they are read from the environment and .env: of the kind that is wanted, or a sentence that says what is.

A reader knows a setting's name, its default and its limits as .env would say them, and what is wanted. A value of
another kind is noted and the default stands in for it, so that `finish` can say everything at once. Without a default
a setting must be set. An empty value counts as not set. NAME_FILE names a file that holds the value of NAME.
"""

import os
import sys
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

from portal.environment import dotenv, kinds, templates, urls
from portal.environment.kinds import Network

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


class Environment:
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

    # --- Kinds of settings

    def text(self, name: str, default: str | None = "") -> str:
        return self.read(Setting(name, "one line of text", default), kinds.text, nothing="")

    def checked(self, name: str, check: Callable[[str], object], wanted: str) -> str:
        """A text that `check` takes: it raises ValueError or ImproperlyConfigured."""
        return self.read(Setting(name, wanted, ""), lambda value: kinds.checked(value, check), nothing="")

    def secret(self, name: str, default: str | None = "", *, least: int = 1) -> str:
        """What is shown to somebody else: spaces and line breaks around it are none of it."""
        wanted = f"one line of text of {least} characters or more" if least > 1 else "one line of text"
        setting = Setting(name, wanted, default, is_secret=True)
        return self.read(setting, lambda value: kinds.secret(value, least), nothing="")

    def key(self, name: str, default: str | None) -> str:
        """Taken as it is, to the last line break: another one makes other digests."""
        return self.read(Setting(name, kinds.KEY, default, is_secret=True), kinds.key, nothing="")

    def keys(self, name: str, default: str | None) -> list[str]:
        wanted = f"{kinds.KEY}, or several such, separated by commas"
        return self.read(Setting(name, wanted, default, is_secret=True), kinds.keys, nothing=[])

    def pems(self, name: str, label: str, wanted: str, default: str | None = "") -> list[str]:
        """Keys or certificates, one after the other; a line break may be written as \\n."""
        return self.read(
            Setting(name, wanted, default, is_secret=True), lambda value: kinds.pems(value, label), nothing=[]
        )

    def boolean(self, name: str, default: str) -> bool:
        return self.read(Setting(name, "on or off", default), kinds.boolean, nothing=False)

    def number(self, name: str, default: str, limits: str) -> int:
        setting = Setting(name, f"a whole number from {limits}", default, limits)
        return self.read(setting, lambda value: kinds.number(value, limits), nothing=0)

    def numbers(self, name: str, default: str, limits: str) -> list[int]:
        setting = Setting(name, f"whole numbers from {limits}, separated by commas", default, limits)
        return self.read(setting, lambda value: kinds.numbers(value, limits), nothing=[])

    def duration(self, name: str, default: str, limits: str) -> timedelta:
        wanted = f"a time from {limits}, in seconds or with a unit as in 90s, 5min, 12h, 30d"
        setting = Setting(name, wanted, default, limits)
        return self.read(setting, lambda value: kinds.duration(value, limits), nothing=timedelta())

    def seconds(self, name: str, default: str, limits: str) -> float:
        """Where parts of a second count."""
        setting = Setting(name, f"a number of seconds from {limits}", default, limits)
        return self.read(setting, lambda value: kinds.seconds(value, limits), nothing=0.0)

    def choice(self, name: str, choices: tuple[str, ...], default: str | None) -> str:
        setting = Setting(name, " or ".join(choices), default)
        return self.read(setting, lambda value: kinds.choice(value, choices), nothing="")

    def choices(self, name: str, choices: tuple[str, ...], default: str = "") -> list[str]:
        setting = Setting(name, f"{' or '.join(choices)}, or several of them, separated by commas", default)
        return self.read(setting, lambda value: kinds.choices(value, choices), nothing=[])

    def sms_templates(self, name: str) -> dict[str, templates.Template]:
        return self.read(Setting(name, templates.WANTED, ""), templates.templates, nothing={})

    def rules(self, name: str, wanted: str, parse: Callable[[str], T]) -> T:
        return self.read(Setting(name, wanted, ""), parse, nothing=parse(""))

    def color(self, name: str) -> str:
        return self.read(Setting(name, "a colour as #rrggbb, for example #8c1515", ""), kinds.color, nothing="")

    def zone(self, name: str, default: str) -> str:
        return self.read(Setting(name, "the name of a time zone", default), kinds.zone, nothing="")

    def networks(self, name: str) -> list[Network]:
        wanted = "networks as 10.20.0.0/16 or 2001:db8:20::/48, separated by commas"
        return self.read(Setting(name, wanted, ""), kinds.networks, nothing=[])

    def host(self, name: str, default: str | None) -> str:
        wanted = "the name of a host or domain, such as mail.example.edu"
        return self.read(Setting(name, wanted, default), kinds.host, nothing="")

    def hosts(self, name: str, default: str | None) -> list[str]:
        """A single comma is none, where there may be none."""
        setting = Setting(name, "names of hosts without port and path, separated by commas", default)
        return self.read(setting, lambda value: kinds.hosts(value, at_least=int(default is None)), nothing=[])

    def endpoint(self, name: str, default: str) -> str:
        setting = Setting(name, "an IP address and a port as 127.0.0.1:10143", default)
        return self.read(setting, kinds.endpoint, nothing="")

    def url(self, name: str, default: str | None = "") -> str:
        return self.read(Setting(name, "an address as https://mail.example.edu", default), urls.url, nothing="")

    def own_urls(self, name: str) -> list[str]:
        """Of services that are shown a secret."""
        setting = Setting(name, "addresses as https://mail.example.edu:8180, separated by commas", "")
        return self.read(setting, urls.own_urls, nothing=[])

    def directories(self, name: str) -> list[str]:
        setting = Setting(
            name, "addresses as ldaps://ldap.example.edu or ldap://ldap.example.edu:389, separated by commas", ""
        )
        return self.read(setting, urls.directories, nothing=[])

    def day(self, name: str) -> date | None:
        return self.read(Setting(name, "a day as 2026-09-01", ""), kinds.day, nothing=None)

    def pairs(self, name: str) -> list[tuple[str, str]]:
        setting = Setting(name, "pairs as amr=mfa, separated by commas", "")
        return self.read(setting, kinds.pairs, nothing=[])

    def domains(self, name: str) -> list[str]:
        return self.read(Setting(name, "domains, separated by commas", ""), kinds.domains, nothing=[])

    def names(self, name: str) -> list[str]:
        setting = Setting(name, "names in one line, separated by commas", "")
        return self.read(setting, lambda value: kinds.words(kinds.text(value)), nothing=[])

    def ldap_filter(self, name: str, default: str) -> str:
        setting = Setting(name, "a filter of LDAP with {address} or {name} in it", default)
        return self.read(setting, kinds.ldap_filter, nothing="")

    def ldap_attributes(self, name: str, default: str) -> dict[str, str]:
        setting = Setting(name, "pairs as address=mail,name=cn,department=ou,identity=entryUUID", default)
        return self.read(setting, kinds.ldap_attributes, nothing={})

    def address(self, name: str, default: str) -> str:
        wanted = "a mailbox address, as name@example.edu or 信息办 <name@example.edu>"
        return self.read(Setting(name, wanted, default), kinds.address, nothing="")

    def addresses(self, name: str) -> list[str]:
        setting = Setting(name, "mailbox addresses as name@example.edu, separated by commas", "")
        return self.read(setting, kinds.addresses, nothing=[])

    def dotted(self, name: str, default: str) -> list[str]:
        setting = Setting(name, "dotted names of Python classes, separated by commas", default)
        return self.read(setting, kinds.dotted, nothing=[])

    def file(self, name: str, suffixes: tuple[str, ...], largest: int) -> str:
        """The path of a file that is there."""
        wanted = f"a file that can be read, {', '.join(suffixes[:-1])} or {suffixes[-1]}, of {largest} bytes at most"
        return self.read(Setting(name, wanted, ""), lambda value: kinds.file(value, suffixes, largest), nothing="")

    def toml_files(self, name: str) -> list[Path]:
        setting = Setting(name, "TOML files that can be read, separated by commas (docs/sms.md)", "")
        return self.read(setting, kinds.toml_files, nothing=[])

    def folder(self, name: str, default: Path, *, is_made: bool = False) -> Path:
        setting = Setting(name, "a folder that can be written to" if is_made else "a folder", str(default))
        return self.read(setting, lambda value: kinds.folder(value, is_made=is_made), nothing=default)

    def database(self, name: str, default: str | None) -> dict[str, Any]:
        setting = Setting(name, f"{urls.DATABASE}; {urls.ENCODED}", default, is_secret=True)
        return self.read(setting, urls.database, nothing={"ENGINE": ""})

    def mailer(self, name: str, default: str) -> dict[str, Any]:
        """Django's settings of how mail is sent."""
        setting = Setting(name, f"{urls.MAILER}; {urls.ENCODED}", default, is_secret=True)
        return self.read(setting, urls.mailer, nothing={})

    def broker(self, name: str, default: str | None) -> str:
        setting = Setting(name, f"{urls.BROKER}; {urls.ENCODED}", default, is_secret=True)
        return self.read(setting, urls.broker, nothing="")


def _shown(value: str) -> str:
    value = kinds.CONTROL.sub(lambda match: repr(match[0])[1:-1], value)
    return f'"{value[:LONGEST_SHOWN]}…"' if len(value) > LONGEST_SHOWN else f'"{value}"'


def _perhaps(meant: list[str]) -> str:
    return f"; is {meant[0]} meant?" if meant else "."
