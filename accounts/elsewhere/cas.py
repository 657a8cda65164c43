"""CAS 2 and 3 (https://apereo.github.io/cas/development/protocol/CAS-Protocol-Specification.html): a ticket is shown
to the server that made it, which says whose it is."""

import re
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree
from django.conf import settings

from accounts.elsewhere import asking
from accounts.elsewhere.answers import Away, Over, Proof, Refusal
from accounts.elsewhere.departures import Departure

TICKET = re.compile(r"ST-[\x21-\x7e]{1,253}")  # a proxy's begins with PT
CAS = "{http://www.yale.edu/tp/cas}"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
VALIDATE = {"2": "serviceValidate", "3": "p3/serviceValidate"}


def service(departure: Departure, page: str) -> str:
    """What a ticket is made for: this page, for this departure."""
    return f"{page}?{urlencode({'state': departure.state})}"


def _asked(departure: Departure, page: str) -> dict[str, str]:
    return {"service": service(departure, page)} | ({"renew": "true"} if departure.fresh else {})


def way_out(departure: Departure, page: str) -> str:
    return f"{settings.CAS_URL}/login?{urlencode(_asked(departure, page))}"


def prove(departure: Departure, page: str, ticket: str) -> Proof | Refusal:
    if not TICKET.fullmatch(ticket):
        return Refusal.NOT_PROVEN
    query = urlencode(_asked(departure, page) | {"ticket": ticket})
    url = f"{settings.CAS_URL}/{VALIDATE[settings.CAS_PROTOCOL]}?{query}"
    status, body = asking.ask("GET", url, asking.deadline())
    if status != 200:
        raise Away(f"status {status}")
    return _read(_parsed(body), ticket)


def _parsed(body: bytes) -> Element:
    try:
        root: Element = ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise Away("no XML") from None
    return root


def _read(root: Element, ticket: str) -> Proof | Refusal:
    answers = list(root)
    if root.tag != f"{CAS}serviceResponse" or len(answers) != 1:
        raise Away("XML of another shape")
    answer = answers[0]
    if answer.tag != f"{CAS}authenticationSuccess" or answer.find(f"{CAS}proxies") is not None:
        return Refusal.NOT_PROVEN
    if len(found := _mailboxes(answer)) != 1:
        return Refusal.NO_ADDRESS
    return Proof(found[0], ticket, _said(answer))


def _mailboxes(answer: Element) -> list[str]:
    name = settings.CAS_MAILBOX
    path = f"{CAS}user" if name == "user" else f"{CAS}attributes/{CAS}{name}"
    held = [element.text for element in answer.findall(path) if element.text and not len(element)]
    return [text if "@" in text else f"{text}@{settings.MAIL_DOMAIN}" for text in held]


def _said(answer: Element) -> frozenset[tuple[str, str]]:
    found = answer.iterfind(f"{CAS}attributes/*")
    return frozenset((one.tag.removeprefix(CAS), (one.text or "").strip()) for one in found)


def way_out_of_there(page: str) -> str:
    return f"{settings.CAS_URL}/logout?{urlencode({'service': page})}"


def ended(message: str) -> Over | None:
    """The ticket that the server says is over (single sign-out). Only it and this browser's owner ever knew it."""
    try:
        root = _parsed(message.encode())
    except Away:
        return None
    ticket = root.findtext(f"{SAMLP}SessionIndex", "").strip()
    return Over(ticket=ticket) if root.tag == f"{SAMLP}LogoutRequest" and TICKET.fullmatch(ticket) else None
