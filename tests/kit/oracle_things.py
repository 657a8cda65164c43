"""What there is in the model of Mailkey: accounts, ways to take the second step, browsers, codes, bans."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
Answer = tuple[int, str]
PAGE: Answer = (200, "")
SIGN_IN, CODE_PAGE, BIND_PAGE = "/sign-in/", "/sign-in/code/", "/sign-in/phone/"
APP_PAGE, PAPER_PAGE, NEW_APP_FIRST = "/sign-in/app/", "/sign-in/recovery/", "/sign-in/app/new/"
KEY_PAGE = "/sign-in/passkey/"


class Far(Enum):
    NOBODY = (302, SIGN_IN)
    BIND = (302, BIND_PAGE)
    CODE = (302, CODE_PAGE)
    APP = (302, APP_PAGE)  # half-way too, without a phone
    KEY = (302, KEY_PAGE)  # and without an app
    IN = PAGE

    value: Answer


@dataclass(eq=False)
class Phone:
    number: str


@dataclass(eq=False)
class App:
    last: int  # step of time that was used
    drift: int  # steps, as the last code showed


@dataclass(eq=False)
class Paper:
    codes: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Passkey:
    count: int = 0  # of uses, as its last answer said
    answered: datetime | None = None  # of when the last question was that it answered


Device = Phone | App | Paper | Passkey


@dataclass(eq=False)
class AppPassword:
    pk: int
    secret: str
    removed: bool = False


@dataclass(eq=False)
class Account:
    name: str
    password: str
    two_step_from: datetime | None = None
    phone: Phone | None = None
    app: App | None = None
    paper: Paper | None = None
    passkey: Passkey | None = None
    version: int = 0  # of all these
    told: list[datetime] = field(default_factory=list)  # by SMS, of a way that was added or removed
    staff: bool = False
    active: bool = True
    wrong_codes: int = 0
    paused_until: datetime | None = None
    sessions_ended: int = 0
    codes_counted_from: datetime | None = None
    app_passwords: list[AppPassword] = field(default_factory=list)
    old_passwords: list[str] = field(default_factory=list)

    @property
    def stands_alone(self) -> bool:
        """Whether it has a way that may be the only one."""
        return bool(self.phone or self.app)

    @property
    def ways(self) -> list[Device]:
        return [way for way in (self.phone, self.app, self.passkey, self.paper) if way]

    @property
    def kept(self) -> list[AppPassword]:
        return [made for made in self.app_passwords if not made.removed]


@dataclass(eq=False)
class Trust:
    account: Account
    version: int
    at: datetime
    forgotten: bool = False
    pk: int = 0


@dataclass(eq=False)
class Session:
    account: Account
    password: str
    at: datetime  # of the password while half-way, then of the sign-in
    version: int  # of the ways, while half-way; then as they were when the second step was taken
    device: Device | None = None  # by which it was
    sessions_ended: int = 0  # of the account, when it began
    is_in: bool = False
    code_at: datetime | None = None
    trust: Trust | None = None
    codes: object | None = None  # what binds codes to this session
    nonce: object = field(default_factory=object)  # what binds answers of passkeys: one while half-way, one while in
    numbers: dict[str, tuple[str, datetime]] = field(default_factory=dict)  # to be proven, by purpose
    old_number_proven: tuple[Phone, datetime] | None = None

    @property
    def verified(self) -> bool:
        account = self.account
        return self.is_in and self.device in account.ways and self.version == account.version

    def go_on(self) -> None:
        """A way was changed in this session."""
        self.version = self.account.version


@dataclass(eq=False)
class Browser:
    session: Session | None = None
    cookie: list[Trust] = field(default_factory=list)
    codes: dict[str, object] = field(default_factory=dict)  # what binds codes to the sign-ins of an account here
    known: list[tuple[Account, str, str, int]] = field(default_factory=list)  # with number, password, sessions ended

    def remember(self, account: Account, number: str) -> None:
        """The second step was passed here."""
        passed = (account, number, account.password, account.sessions_ended)
        self.known = [*(one for one in self.known if one != passed), passed][-5:]


@dataclass(eq=False)
class Code:
    account: Account
    number: str
    purpose: str
    session: object
    at: datetime
    by_owner: bool = False
    digits: str = ""  # filled in when the SMS arrives
    tries: int = 0
    over: bool = False
    used: bool = False


@dataclass(eq=False)
class Failure:
    network: str
    account: str
    password: str
    at: datetime
    banned: bool = False  # it has led to a ban already


@dataclass(eq=False)
class Ban:
    network: str
    account: str  # empty: everybody
    at: datetime
    failures: list[Failure]
    lifted: bool = False
