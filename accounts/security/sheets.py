"""Recovery codes as they are kept: on paper, in a file, or in a store of passwords."""

from dataclasses import dataclass
from urllib.parse import quote

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.factors import recoverycodes
from accounts.lib import clock


@dataclass(frozen=True)
class Sheet:
    mailbox: str
    made: list[str]

    @property
    def codes(self) -> list[str]:
        return [recoverycodes.in_fours(code) for code in self.made]

    @property
    def title(self) -> str:
        """With the mailbox and the day: sheets of earlier days are void."""
        return _("Recovery codes of %(mailbox)s, made on %(day)s") % {
            "mailbox": self.mailbox,
            "day": clock.day(timezone.now()),
        }

    @property
    def text(self) -> str:
        return "\r\n".join([self.title, "", *self.codes, ""])

    @property
    def file(self) -> str:
        """The text as an address, which is downloaded without a script, and without asking the server for it."""
        return "data:text/plain;charset=utf-8," + quote(self.text)
