"""A platform as a gateway: what its file describes is asked, and its answer read."""

import re
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import requests
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown, RecipientRejected, SmsError
from accounts.delivery.gateways import transport
from accounts.delivery.gateways.gateway import Finding
from accounts.delivery.gateways.message import MAINLAND, Message
from accounts.delivery.gateways.platforms import answers
from accounts.delivery.gateways.platforms.building import built
from accounts.delivery.gateways.platforms.shapes import Platform, Request
from accounts.delivery.gateways.platforms.values import fill
from accounts.delivery.gateways.receipts import (
    Forged,
    Malformed,
    Receipt,
    Reply,
    Report,
    Sent,
    clean,
    receipts_url,
    row_of,
)

LARGEST = 65536  # bytes of an answer
TOKEN_SPARE = timedelta(seconds=60)  # it is fetched anew before it ends
KINDS: dict[str, type[SmsError]] = {
    "recipient": RecipientRejected,
    "later": NotSent,
    "ours": ConfigurationRejected,
    "unknown": OutcomeUnknown,
}
# Of which SMS, or of which report of one, values speak; where of none, they are empty.
NOTHING = dict.fromkeys(("number", "digits", "local", "text", "purpose", "attempt", "id", "status", "code", "mailbox",
                         "mailbox_name", "mailbox_address", "account", "minutes"), "")  # fmt: skip
transport.hide_queries()


@dataclass
class Gateway:
    platform: Platform
    has_own_template: bool = False
    _session: requests.Session = field(default_factory=requests.Session)  # its connections are used again
    _token: str = ""
    _token_ends: float = 0.0

    # --- To send

    def send(self, message: Message) -> str:
        if self.platform.purposes and message.purpose not in self.platform.purposes:
            raise ConfigurationRejected(f"{self.platform.name} not for {message.purpose}")
        if not self.reaches(message.mailbox):
            raise RecipientRejected(f"{self.platform.name} no account")
        values = self._values(message)
        status, found = self._answered(values)
        platform = self.platform
        code = answers.word(found, platform.answer.code)
        if platform.token and code in platform.token.refused:  # refused, so nothing was sent
            self._token = ""
            status, found = self._answered(values)
            code = answers.word(found, platform.answer.code)
        if code in platform.answer.accepted and status < 300:
            if platform.answer.rejected and answers.word(found, platform.answer.rejected):
                raise RecipientRejected(f"{platform.name} rejected")
            number = answers.word(found, platform.answer.id) if platform.answer.id else ""
            return number if number.isprintable() and number else f"{platform.name}-{message.attempt}"
        raise self._refusal(code, status, message)

    def reaches(self, mailbox: str) -> bool:
        """Whether it knows who that is. Nobody else is sent to: an account is never guessed at."""
        return self.platform.accounts is None or bool(self.platform.accounts.of(mailbox))

    def _values(self, message: Message) -> dict[str, str]:
        platform = self.platform
        text = message.text(is_signed=not platform.adds_signature, links_pass=platform.takes_links)
        return self._complete(
            {
                **NOTHING,
                **message.values(),
                "number": message.number,
                "digits": message.number.lstrip("+"),
                "local": message.local_number,
                "text": text,
                "mailbox_name": message.mailbox.partition("@")[0],
                "mailbox_address": message.mailbox,
                "account": self.platform.accounts.of(message.mailbox) if self.platform.accounts else "",
                "purpose": message.purpose,
                "attempt": str(message.attempt),
            },
        )

    def _complete(self, values: dict[str, str], *, hides: bool = False) -> dict[str, str]:
        """With what is of this moment, and what the file makes of all of it."""
        now = timezone.localtime()
        values |= {
            "signature": settings.SMS_SIGNATURE,
            "timestamp": str(int(now.timestamp())),
            "milliseconds": str(int(now.timestamp() * 1000)),
            "datetime": f"{now:%Y%m%d%H%M%S}",
            "nonce": secrets.token_hex(16),
            "receipts": receipts_url(self.platform.name, hides=hides),
            "token": "***" if hides else "",
            **(dict.fromkeys(self.platform.secrets, "***") if hides else self.platform.secrets),
        }
        for name, value in self.platform.values.items():
            if isinstance(value, str):
                values[name] = fill(value, values)
            else:
                values[name] = value.text(values, self.platform.charset)
        return values

    def _answered(self, values: dict[str, str]) -> tuple[int, Any]:
        if self.platform.token:
            values = values | {"token": self._fresh_token(values)}
        response, content = self._call(self.platform.send, values)
        try:
            return response.status_code, answers.read(self.platform.answer.format, content, self.platform.charset)
        except ValueError:
            if response.status_code < 300:
                raise OutcomeUnknown(f"{self.platform.name} no answer") from None
            return response.status_code, {}

    def _fresh_token(self, values: Mapping[str, str]) -> str:
        """Until it is there, no SMS has left."""
        token = self.platform.token
        if token and (not self._token or time.monotonic() >= self._token_ends):
            try:
                _response, content = self._call(token.request, values)
                found = answers.read(token.format, content, self.platform.charset)
            except (OutcomeUnknown, ValueError) as error:
                raise NotSent(f"{self.platform.name} token {type(error).__name__}") from None
            self._token = answers.word(found, token.value)
            if not self._token:
                raise ConfigurationRejected(f"{self.platform.name} no token")
            lifetime = answers.word(found, token.lifetime) if token.lifetime else ""
            lives = int(lifetime) if lifetime.isdigit() else token.lives
            self._token_ends = time.monotonic() + lives - min(TOKEN_SPARE.total_seconds(), lives / 2)
        return self._token

    def _refusal(self, code: str, status: int, message: Message) -> SmsError:
        name = f"{self.platform.name} {_harmless(code, message) or f'http {status}'}"
        if kind := self.platform.errors.get(code):
            return KINDS[kind](name)
        if status in (429, 503):
            return NotSent(name)
        if status >= 500 or (status < 300 and not code):
            return OutcomeUnknown(name)
        return ConfigurationRejected(name)

    def _call(self, request: Request, values: Mapping[str, str]) -> tuple[requests.Response, bytes]:
        """Only to the address of the file: a redirection is a refusal."""
        try:
            prepared = self._session.prepare_request(built(request, values, self.platform.charset))
        except (requests.RequestException, ValueError):  # a line break in a header, say
            raise ConfigurationRejected(f"{self.platform.name} no request") from None
        try:
            response = self._session.send(
                prepared,
                timeout=(settings.SMS_CONNECT_TIMEOUT, settings.SMS_READ_TIMEOUT),
                verify=self.platform.certificates or True,
                allow_redirects=False,
                stream=True,
            )
            content = b""
            for part in response.iter_content(LARGEST):
                content += part
                if len(content) > LARGEST:
                    response.close()
                    raise OutcomeUnknown(f"{self.platform.name} endless answer")
        except requests.RequestException as error:
            raise transport.meaning(error) from None
        return response, content

    # --- To look

    def check(self) -> Iterator[Finding]:
        """Whether it can be reached and, where there is a token, lets us in. Nothing can be sent without being sent."""
        try:
            if self.platform.token:
                self._token = ""
                self._fresh_token(self._complete(dict(NOTHING)))
                yield Finding(_("%(name)s lets us in.") % {"name": self.platform.name})
        except SmsError as error:
            words = _("%(name)s gives no token (%(code)s): look at its file, and at its secret.")
            yield Finding(words % {"name": self.platform.name, "code": error.code}, is_trouble=True)

    def dry(self, message: Message) -> str:
        """The request as it would go, without secrets."""
        values = self._complete(self._values(message), hides=True)
        request = self._session.prepare_request(built(self.platform.send, values, self.platform.charset))
        head = "".join(f"{name}: {self._shown(value)}\n" for name, value in request.headers.items())
        return f"{request.method} {request.url}\n{head}\n{self._shown(request.body or '')}".strip()

    def _shown(self, content: Any) -> str:
        return content.decode(self.platform.charset, "replace") if isinstance(content, bytes) else str(content)

    # --- What became of it

    @property
    def REPLY(self) -> Reply:  # noqa: N802 (a constant of the other gateways)
        reports = self.platform.reports
        return Reply(reports.reply, reports.reply_type) if reports else Reply(status=404)

    def receipts(self, report: Report) -> list[Receipt]:
        reports = self.platform.reports
        if reports is None:
            raise Malformed
        if reports.format == "form":
            return self._read(dict(report.form.items()), is_pushed=True)
        content = report.form.get(reports.field, "").encode() if reports.field else report.body
        try:
            found = answers.read(reports.format, content, "utf-8" if reports.field else self.platform.charset)
        except ValueError:
            raise Malformed from None
        return self._read(found, is_pushed=True)

    def ask(self, sent: Sent) -> list[Receipt]:
        question = self.platform.question
        if question is None or self.platform.reports is None:
            return []
        about = NOTHING | {
            "id": sent.gateway_id,
            "number": sent.number,
            "digits": sent.number.lstrip("+"),
            "local": sent.number.removeprefix(MAINLAND).lstrip("+"),
            "attempt": str(sent.attempt),
        }
        values = self._complete(about)
        if self.platform.token:
            values["token"] = self._fresh_token(values)
        _response, content = self._call(question, values)
        try:
            return self._read(answers.read(self.platform.answer.format, content, self.platform.charset))
        except (ValueError, Malformed):
            raise OutcomeUnknown(f"{self.platform.name} no answer") from None

    def _read(self, found: Any, *, is_pushed: bool = False) -> list[Receipt]:
        reports = self.platform.reports
        assert reports  # noqa: S101 (who calls has looked)
        result = []
        for item in answers.items(found, reports.items):
            part = partial(lambda item, path: clean(answers.word(item, path)) if path else "", item)
            said = part(reports.status)
            if not said:
                raise Malformed
            if is_pushed and reports.signature:
                about = {"id": part(reports.id), "attempt": part(reports.attempt), "number": part(reports.number)}
                values = self._complete(NOTHING | about | {"status": said})
                if not constant_time_compare(fill(reports.signed, values), part(reports.signature)):
                    raise Forged
            status = "delivered" if said in reports.delivered else "failed"
            if status == "failed" and (said in reports.waiting or (reports.failed and said not in reports.failed)):
                status = ""
            result.append(
                Receipt(
                    status=status,
                    gateway_id=part(reports.id),
                    attempt=row_of(part(reports.attempt)),
                    number=part(reports.number),
                    error=f"{self.platform.name} {_harmless(said, None)}" if status == "failed" else "",
                    number_is_bad=said in reports.bad_number,
                )
            )
        return result


def _harmless(code: str, message: Message | None) -> str:
    """A code, and nothing that a platform may have put into its place."""
    if not re.fullmatch(r"[\w.:+-]{1,40}", code):
        return "?" if code else ""
    hidden = (message.local_number, message.code or message.local_number) if message else ()
    return "?" if any(secret in code for secret in hidden) else code
