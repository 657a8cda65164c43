"""What is wrong with the directory's settings, and what would happen to a person: in sentences for who set it up."""

import time
from collections.abc import Iterator
from typing import NamedTuple

from django.conf import settings

from accounts.directory import passwords
from accounts.directory.asking.answers import Away
from accounts.lib import clock
from accounts.users import usernames
from accounts.users.models import User

PATIENCE = 5.0  # seconds for each server: a name server or a firewall that is slow is told from one that is not there

# By the library's name of an error, what it mostly means here.
ADVICE = {
    "SERVER_DOWN": "Nothing answers there, or its certificate is not trusted: look at host, port and LDAP_CA_FILE.",
    "CONNECT_ERROR": "TLS did not come about: is the certificate for this name, and signed by LDAP_CA_FILE?",
    "PROTOCOL_ERROR": "It knows no StartTLS: use ldaps://.",
    "TIMEOUT": "It did not answer in time.",
    "INVALID_CREDENTIALS": "LDAP_BIND_DN or LDAP_BIND_PASSWORD is not right.",
    "INVALID_DN_SYNTAX": "LDAP_BIND_DN or LDAP_BASE is no distinguished name.",
    "NO_SUCH_OBJECT": "LDAP_BASE is not there, or LDAP_BIND_DN may not see it.",
    "OPERATIONS_ERROR": "Active Directory lets nobody search without LDAP_BIND_DN.",
    "INSUFFICIENT_ACCESS": "LDAP_BIND_DN may not search there.",
    "CONFIDENTIALITY_REQUIRED": "It wants TLS: use ldaps://, or LDAP_STARTTLS=on.",
    "STRONG_AUTH_REQUIRED": "It wants TLS: use ldaps://, or LDAP_STARTTLS=on.",
    "REFERRAL": "LDAP_BASE is kept by another server, which must be named in LDAP_URLS: referrals are not followed.",
    "FILTER_ERROR": "LDAP_FILTER is no filter of LDAP.",
}


class Finding(NamedTuple):
    text: str
    is_fault: bool = False


def of_settings() -> Iterator[Finding]:
    if not settings.LDAP_URLS:
        yield Finding("LDAP_URLS is not set: Mailkey keeps the mailbox passwords itself.", is_fault=True)
        return
    for url in settings.LDAP_URLS:
        yield _of_server(url)
    in_clear = [url for url in settings.LDAP_URLS if url.startswith("ldap:") and settings.LDAP_STARTTLS == "off"]
    if in_clear:
        yield Finding(f"LDAP_STARTTLS=off: passwords go to {', '.join(in_clear)} in clear.", is_fault=True)
    if settings.BAN_AFTER_FAILURES <= settings.LDAP_WRONG_LIMIT:
        yield Finding("LDAP_WRONG_LIMIT never holds: the address is banned before (BAN_AFTER_FAILURES).")


def _of_server(url: str) -> Finding:
    from accounts.directory.asking import client  # noqa: PLC0415 - it needs a package that need not be installed

    began = time.monotonic()
    try:
        client.see_base(url, began + PATIENCE)
    except Away as error:
        return Finding(f"{url}: {ADVICE.get(error.kind, 'It cannot be used.')} ({error})", is_fault=True)
    took = time.monotonic() - began
    if took > settings.LDAP_ANSWER_WITHIN:
        told = f"{url} answers, but after {took:.1f} s: LDAP_ANSWER_WITHIN is {settings.LDAP_ANSWER_WITHIN:g} s."
        return Finding(told, is_fault=True)
    return Finding(f"{url} answers after {took * 1000:.0f} ms: service account and LDAP_BASE are right.")


def of_person(typed: str) -> Iterator[Finding]:
    name = usernames.canonical(usernames.complete(typed, settings.MAIL_DOMAIN))
    if name is None:
        yield Finding(f"{typed} is no mailbox address.", is_fault=True)
        return
    yield _of_entries(name)
    user = User.objects.filter(username=name).first()
    if user is None:
        yield Finding(f"Mailkey has no account {name}: nobody gets in.", is_fault=True)
    elif not user.is_active:
        yield Finding("The account is disabled in Mailkey: nobody gets in.", is_fault=True)
    else:
        yield from _of_account(user)


def _of_entries(name: str) -> Finding:
    from accounts.directory.asking import client  # noqa: PLC0415 - the same

    for url in settings.LDAP_URLS:
        try:
            found = client.find(url, name, time.monotonic() + PATIENCE)
        except Away:
            continue
        searched = client.filter_for(name)
        if not found:
            return Finding(f"{searched} finds nobody below {settings.LDAP_BASE}: nobody gets in.", is_fault=True)
        if len(found) > 1:
            told = f"{searched} finds several entries: nobody knows whose mailbox it is, and nobody gets in."
            return Finding(told, is_fault=True)
        if found[0].is_disabled:
            return Finding(f"{found[0].dn} is disabled in the directory (userAccountControl).", is_fault=True)
        return Finding(f"{searched} finds {found[0].dn}.")
    return Finding("No server could be asked about this person.", is_fault=True)


def _of_account(user: User) -> Iterator[Finding]:
    if user.is_superuser and user.has_usable_password():
        yield Finding("A superuser with a password of Mailkey's own: that one is compared, not the directory's.")
    elif until := passwords.asked_no_more_until(user):
        told = f"Too many wrong passwords: the directory is not asked before {clock.moment(until)} (LDAP_WRONG_LIMIT)."
        yield Finding(told, is_fault=True)
    if user.two_step_is_on():
        yield Finding("On the web: the directory's password, then the second step. Mail programs: app passwords only.")
    else:
        yield Finding("On the web and in mail programs: the directory's password, or an app password for mail.")
