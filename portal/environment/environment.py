"""The settings' kinds by name: `env.duration("NAME", "5min", "1min to 1h")` says what is wanted, and reads it."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from portal.environment import files, hosts, kinds, templates, urls
from portal.environment.hosts import Network
from portal.environment.reading import Reader, Setting

T = TypeVar("T")


class Environment(Reader):
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

    def keys_or(self, plain: str, name: str) -> list[str]:
        wanted = (
            f"{kinds.KEY}, or several such, separated by commas; {plain} in the first place: what is new needs none"
        )
        parse = partial(kinds.keys_or, plain)
        return self.read(Setting(name, wanted, "", is_secret=True), parse, nothing=[])

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
        return self.read(Setting(name, wanted, ""), hosts.networks, nothing=[])

    def host(self, name: str, default: str | None) -> str:
        wanted = "the name of a host or domain, such as mail.example.edu"
        return self.read(Setting(name, wanted, default), hosts.host, nothing="")

    def hosts(self, name: str, default: str | None) -> list[str]:
        """A single comma is none, where there may be none."""
        setting = Setting(name, "names of hosts without port and path, separated by commas", default)
        return self.read(setting, lambda value: hosts.hosts(value, at_least=int(default is None)), nothing=[])

    def endpoint(self, name: str, default: str) -> str:
        setting = Setting(name, "an IP address and a port as 127.0.0.1:10143", default)
        return self.read(setting, hosts.endpoint, nothing="")

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
        return self.read(Setting(name, "domains, separated by commas", ""), hosts.domains, nothing=[])

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
        return self.read(Setting(name, wanted, ""), lambda value: files.file(value, suffixes, largest), nothing="")

    def toml_files(self, name: str) -> list[Path]:
        setting = Setting(name, "TOML files that can be read, separated by commas (docs/sms.md)", "")
        return self.read(setting, files.toml_files, nothing=[])

    def folder(self, name: str, default: Path, *, is_made: bool = False) -> Path:
        setting = Setting(name, "a folder that can be written to" if is_made else "a folder", str(default))
        return self.read(setting, lambda value: files.folder(value, is_made=is_made), nothing=default)

    def database(self, name: str, default: str | None) -> dict[str, Any]:
        setting = Setting(name, f"{urls.DATABASE}; {urls.ENCODED}", default, is_secret=True)
        return self.read(setting, urls.database, nothing={"ENGINE": ""})

    def foreign_database(self, name: str) -> dict[str, Any]:
        setting = Setting(name, f"{urls.FOREIGN}; {urls.ENCODED}", "", is_secret=True)
        return self.read(setting, urls.foreign_database, nothing={})

    def query(self, name: str) -> str:
        setting = Setting(name, "one line of SQL that begins with SELECT or WITH", "")
        return self.read(setting, kinds.query, nothing="")

    def mailer(self, name: str, default: str) -> dict[str, Any]:
        """Django's settings of how mail is sent."""
        setting = Setting(name, f"{urls.MAILER}; {urls.ENCODED}", default, is_secret=True)
        return self.read(setting, urls.mailer, nothing={})

    def broker(self, name: str, default: str | None) -> str:
        setting = Setting(name, f"{urls.BROKER}; {urls.ENCODED}", default, is_secret=True)
        return self.read(setting, urls.broker, nothing="")
