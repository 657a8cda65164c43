"""What people can do with a database that a release filled."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import override_settings
from django.urls import reverse

from accounts.aliases.models import Alias
from accounts.audit import audit
from accounts.bans.models import KnownNetwork
from accounts.bans.where import addresses
from accounts.closures import closures
from accounts.codes import guesses
from accounts.imports.models import Roster
from accounts.rollouts.models import Exemption, Rollout
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.maillogin import decision
from portal.office.models import DayFigure
from tests.kit.apps import shows
from tests.kit.files_of_people import confirm
from tests.kit.filled import ask_servers
from tests.kit.filled.ask_servers import Answers
from tests.kit.filled.people import (
    BANNED,
    COME_BY_PASSWORD,
    ELSEWHERE,
    IN_SHARED,
    LIFTED,
    NINE,
    SUPERUSER,
    Secrets,
    address,
    person,
    user,
)  # fmt: skip
from tests.kit.passkeys import SecurityKey, use
from tests.kit.people import PASSWORD, Person


def ask(secrets: Secrets) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for question in secrets["questions"]:
        if question in QUESTIONS:  # one that nobody answers any more is missing, and seen by that
            answers |= {f"{question}: {name}": answer for name, answer in QUESTIONS[question](secrets)}
    return answers


def _log(secrets: Secrets) -> Answers:
    """First: what the others do is logged."""
    looked = audit.Audit()
    yield "faults", [fault.what.name for fault in looked.faults()]
    yield "events", looked.rows
    position, _, seal = secrets["log_end"].partition(":")
    yield "end", audit.holds(int(position), seal)


def _sign_in(_secrets: Secrets) -> Answers:
    """Where it leads, and whether the pages are open then."""
    for name in COME_BY_PASSWORD:
        browser = person(name)
        yield name, [*_leads(browser.enter_password()), *_leads(browser.get("/"))]
        yield f"{name}, wrong password", _leads(person(name).enter_password("wrong"))
        if "/sign-in/code/" in str(browser.get("/").headers.get("Location", "")):
            yield f"{name}, with the code", [*_leads(browser.enter_code()), *_leads(browser.get("/"))]


def _leads(response: Any) -> list[Any]:
    return [response.status_code, response.headers.get("Location", "")]


def _trusted_browser(secrets: Secrets) -> Answers:
    trusted = person("browser", secrets["browser"])
    yield "no code", [*_leads(trusted.enter_password()), *_leads(trusted.get("/"))]
    yield "of somebody else", _leads(person("inside", secrets["browser"]).enter_password())


def _session(secrets: Secrets) -> Answers:
    for name, cookies in secrets["sessions"].items():
        yield name, _leads(person(name, cookies).get("/"))


def _mail_login(secrets: Secrets) -> Answers:
    kept, removed = secrets["app_passwords"]["kept"], secrets["app_passwords"]["removed"]
    for what, name, password, where in (
        ("app password", "mail", kept, ELSEWHERE),
        ("app password in fours", "mail", f"{kept[:4]} {kept[4:8]} {kept[8:12]} {kept[12:]}".upper(), ELSEWHERE),
        ("app password of somebody else", "off", kept, ELSEWHERE),
        ("removed app password", "mail", removed, ELSEWHERE),
        ("mailbox password, two-step on", "mail", PASSWORD, ELSEWHERE),
        ("mailbox password, two-step off", "off", PASSWORD, ELSEWHERE),
        ("mailbox password, two-step planned", "planned", PASSWORD, ELSEWHERE),
        ("disabled", "disabled", PASSWORD, ELSEWHERE),
        ("banned address", "mail", kept, BANNED),
        ("address whose ban was lifted", "mail", kept, LIFTED),
        ("account banned in a shared network", "shared", PASSWORD, IN_SHARED),
        ("neighbour in a shared network", "off", PASSWORD, IN_SHARED),
    ):
        login = decision.Login(address(name), password, "imap", where)
        yield f"{what}, explained", decision.explain(login).reason.name
        verdict = decision.verify(login)
        yield what, [verdict.outcome.name, verdict.banned_until and verdict.banned_until.isoformat()]
    decision.verify(decision.Login(address("mail"), "wrong", "imap", NINE))
    yield "the tenth in a row bans", decision.verify(decision.Login(address("mail"), kept, "imap", NINE)).outcome.name
    yield "names", [row.name for row in passwords.of(user("mail"))]


def _department(secrets: Secrets) -> Answers:
    for who in ("press", "mail"):
        login = decision.Login(address(who), secrets["department"], "imap", ELSEWHERE)
        yield who, decision.verify(login).outcome.name


def _machine(secrets: Secrets) -> Answers:
    """What it may do, and from where."""
    for protocol, where in (("smtp", ELSEWHERE), ("imap", ELSEWHERE), ("smtp", IN_SHARED)):
        login = decision.Login(address("off"), secrets["machine"], protocol, where)
        yield f"{protocol} from {where}", decision.explain(login).reason.name


def _two_step(_secrets: Secrets) -> Answers:
    for owner in User.objects.order_by("username"):
        yield owner.username, owner.two_step_from and owner.two_step_from.isoformat()
    for row in Rollout.objects.all():
        fates = list(row.members.order_by("user__username").values_list("user__username", "fate"))
        reminders = [[reminder.days, reminder.due_at.isoformat()] for reminder in row.reminders.all()]
        yield f"roll-out {row.pk}", [row.status, row.start.isoformat(), [list(fate) for fate in fates], reminders]
    for exemption in Exemption.in_force():
        clerk = exemption.made_by and exemption.made_by.username
        yield f"except {exemption.user.username}", [exemption.until.isoformat(), exemption.reason, clerk]


def _office(secrets: Secrets) -> Answers:
    """Which lists are open to whom."""
    for role, cookies in secrets["clerks"].items():
        clerk = person(role, cookies)
        for model in admin.site._registry:
            page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            yield f"{role} {page}", clerk.get(page).status_code


def _help_code(secrets: Secrets) -> Answers:
    browser = person("lost-phone")
    browser.enter_password()
    yield "leads to the binding", _leads(browser.post("/sign-in/help/", {"code": secrets["help_code"]}))
    yield "and opens nothing", browser.is_in()


def _recovery_code(secrets: Secrets) -> Answers:
    browser = person("app")
    browser.enter_password()
    yield "opens", _leads(browser.post("/sign-in/recovery/", {"code": secrets["recovery_code"]}))
    browser.post("/sign-out/")
    browser.enter_password()
    yield "and no second time", _leads(browser.post("/sign-in/recovery/", {"code": secrets["recovery_code"]}))


def _passkey(secrets: Secrets) -> Answers:
    key = SecurityKey.of(secrets["passkey"])
    browser = person("passkey")
    browser.enter_password()
    yield "opens", _leads(use(browser, key))
    browser.post("/sign-out/")
    browser.enter_password()
    behind = SecurityKey.of(secrets["passkey"])
    yield "not as a copy that is behind", use(browser, behind).status_code
    yield "and goes on", _leads(use(browser, key))


def _app(secrets: Secrets) -> Answers:
    browser = person("app")
    yield "is asked for", _leads(browser.enter_password())
    yield "takes its code", _leads(browser.post("/sign-in/app/", {"code": shows(secrets["app"])}))
    yield "and opens", browser.is_in()


def _code(secrets: Secrets) -> Answers:
    """One that was sent before, to a browser that waits for it."""
    waiting = person("half-way", secrets["half_way"]["cookies"])
    yield "on its way", _leads(waiting.post("/sign-in/code/", {"code": secrets["half_way"]["code"]}))
    yield "opens", waiting.is_in()
    until = guesses.paused(user("paused"))
    yield "paused until", until and until.isoformat()


def _qr_code(secrets: Secrets) -> Answers:
    phone = Person()
    yield "leads on", _leads(phone.get(f"/profile/{secrets['qr']}/"))
    taken = phone.post("/profile/")
    yield "profile", [taken.status_code, taken.headers["Content-Type"]]
    yield "once", phone.post("/profile/").status_code


def _import(secrets: Secrets) -> Answers:
    row = Roster.objects.get(name="people.csv")
    yield "checked", [row.status, row.made_by and row.made_by.username]
    clerk = person(SUPERUSER, secrets["clerks"][SUPERUSER])
    yield "imported", confirm(clerk, row).status
    yield "person", list(User.objects.filter(username=address("imported")).values_list("name", "department"))


def _roles(_secrets: Secrets) -> Answers:
    for group in Group.objects.order_by("name"):
        rights = group.permissions.values_list("content_type__app_label", "codename")
        yield group.name, sorted(".".join(right) for right in rights)


def _networks(_secrets: Secrets) -> Answers:
    for row in KnownNetwork.objects.order_by("cidr"):
        yield row.cidr, [row.kind, row.note, str(addresses.kind(IN_SHARED))]


def _other_addresses(_secrets: Secrets) -> Answers:
    for row in Alias.objects.select_related("user", "created_by"):
        yield row.address, [row.user.username, row.receives, str(row.created_by)]


def _figures(_secrets: Secrets) -> Answers:
    for row in DayFigure.objects.exclude(name=DayFigure.Name.SUMMED_AT):
        yield str(row), row.value


def _elsewhere(secrets: Secrets) -> Answers:
    browser, held = person("elsewhere", secrets["elsewhere"]["cookies"]), secrets["elsewhere"]["ticket"]
    yield "is in", browser.is_in()
    with override_settings(CAS_URL="http://127.0.0.1:1/cas"):
        names = 'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
        over = f"<samlp:LogoutRequest {names}><samlp:SessionIndex>{held}</samlp:SessionIndex></samlp:LogoutRequest>"
        yield "ended there", Person().post("/sign-in/elsewhere/cas/back/", {"logoutRequest": over}).status_code
    yield "is out", _leads(browser.get("/"))


def _closures(_secrets: Secrets) -> Answers:
    owner = user("left")
    ended = closures.of(owner)
    yield "why", ended and [ended.why, str(ended.last_day)]
    yield "by the web", _leads(person("left").enter_password())


QUESTIONS: dict[str, Callable[[Secrets], Answers]] = {
    "log": _log,
    "two-step": _two_step,
    "sign-in": _sign_in,
    "trusted browser": _trusted_browser,
    "session": _session,
    "mail login": _mail_login,
    "machine": _machine,
    "department": _department,
    "office": _office,
    "webmail": ask_servers.webmail,
    "help code": _help_code,
    "app": _app,
    "recovery_code": _recovery_code,
    "passkey": _passkey,
    "code": _code,
    "QR code": _qr_code,
    "import": _import,
    "roles": _roles,
    "networks": _networks,
    "other addresses": _other_addresses,
    "figures": _figures,
    "waiting": ask_servers.waiting,
    "gateways": ask_servers.gateways,
    "directory": ask_servers.directory,
    "elsewhere": _elsewhere,
    "closures": _closures,
}
