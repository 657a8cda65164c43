import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.contenttypes.models import ContentType
from django.test import TransactionTestCase
from django.utils import timezone, translation
from pytest_django import DjangoDbBlocker, Settings

import portal.urls  # noqa: F401 (the pages of the office are there for tests that walk over them)
from accounts.delivery.gateways import memory
from accounts.lib import clock as site_clock
from accounts.phones import notice
from accounts.phones.models import Phone
from accounts.users.models import User
from portal.celery import app
from tests.kit import guards
from tests.kit.crowd import Crowd
from tests.kit.databases import database
from tests.kit.people import NUMBER, PASSWORD, Person
from tests.kit.plans import officer
from tests.kit.servers import migrated, postgres
from tests.kit.upkeep import register_tasks

# A busy machine is no defect; tests of this house are about what comes out.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

register_tasks()  # what is queued is done at once, see _clean

pytest_plugins = ["tests.kit.servers.browser", "tests.kit.servers.front", "tests.kit.servers.house",
                  "tests.kit.servers.trixie", "tests.kit.two_people"]  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the process that starts the others
        copies = ExitStack()
        copies.enter_context(migrated.shared())
        config.add_cleanup(copies.close)
    # Each client of a test loads the middleware: static files are looked for when one is asked for, not all then.
    django_settings.WHITENOISE_AUTOREFRESH = True
    # A journey in time is none of a clock that was set, which would be noticed.
    site_clock.steady = time.time
    site_clock.measure(datetime.now(UTC))
    # A hash that costs nothing, save where a test asks for the real one (fixture `real_passwords`).
    django_settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "accounts.users.hashers.ClientSecret",
    ]


_empty_tables: Callable[[TransactionTestCase], None] = vars(TransactionTestCase)["_fixture_teardown"]


def _empty_tables_and_log(test: TransactionTestCase) -> None:
    """After tests that commit. The security log would not let its events go."""
    with guards.lifted():
        _empty_tables(test)
    guards.begin_log()


TransactionTestCase._fixture_teardown = _empty_tables_and_log  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file, as in development: threads and processes can share it. It has its tables already."""
    path: Path = tmp_path_factory.mktemp("database") / "test.sqlite3"
    migrated.migrate(f"sqlite:///{path}")
    django_settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(path)


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Or its tables would be made anew."""
    return True


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    memory.outbox.clear()
    app.conf.task_always_eager = True
    # The rows that this process remembers: of tables that were emptied since, of a transaction that was taken back, of
    # a browser's last request that was still on its way.
    ContentType.objects.clear_cache()
    site_clock.measure(
        datetime.now(UTC)
    )  # a connection that was made on a journey in time found the database's far off
    yield
    memory.outbox.clear()
    translation.deactivate()  # that of the last request stays with the thread; in a server the next one brings its own


@pytest.fixture
def real_passwords(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["accounts.users.hashers.Argon2id"]


MakeUser = Callable[..., User]


@pytest.fixture
def make_user(db: None) -> MakeUser:
    """`make_user("lisi", two_step=False, phone="13800138000", ...)`"""

    def make(mailbox: str = "zhangsan", *, two_step: bool = True, phone: str | None = None, **fields: Any) -> User:
        username = mailbox if "@" in mailbox else f"{mailbox}@example.edu"
        start = timezone.now() if two_step else None
        user = User.objects.create_user(username, PASSWORD, two_step_from=start, **fields)
        if phone:
            slot = Phone.objects.filter(number=f"+86{phone}").count() + 1
            Phone.objects.create(user=user, number=f"+86{phone}", slot=slot, **notice.now().columns)
        return user

    return make


@pytest.fixture
def zhangsan(make_user: MakeUser) -> Person:
    """Two-step is on, no phone is bound yet."""
    return Person(make_user("zhangsan", name="张三"))


@pytest.fixture
def wangwu(make_user: MakeUser) -> Person:
    """Two-step is on, a phone is bound."""
    return Person(make_user("wangwu", name="王五", phone=NUMBER))


@pytest.fixture
def lisi(make_user: MakeUser) -> Person:
    """Two-step is off."""
    return Person(make_user("lisi", name="李四", two_step=False))


@pytest.fixture
def manager(make_user: MakeUser) -> Person:
    """A clerk who switches two-step on, imports and edits people, signed in; no more than that."""
    return officer(make_user, "manager", "roll_out", "view_user", "add_user", "change_user")


@pytest.fixture
def clerk(make_user: MakeUser) -> Person:
    """The IT office, with a phone."""
    return Person(make_user("itoffice", phone="13700137000", is_staff=True, is_superuser=True))


@pytest.fixture
def office(clerk: Person) -> Person:
    """The same, signed in."""
    clerk.arrive()
    return clerk


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The DATABASE_URL of a PostgreSQL that is the tests' own."""
    with postgres.running() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_crowd(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    with Crowd(postgresql, tmp_path_factory.mktemp("crowd")) as crowd:
        yield crowd


@pytest.fixture(scope="session")
def sqlite_crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    var: Path = tmp_path_factory.mktemp("crowd")
    with Crowd(f"sqlite:///{var / 'crowd.sqlite3'}", var) as crowd:
        yield crowd


@pytest.fixture(params=["sqlite", "postgresql"])
def crowd(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[Crowd]:
    """Four processes on one database, to which the test's own models speak too. What is in it stays: a test brings
    its own people, and finds those of others."""
    crowd: Crowd = request.getfixturevalue(f"{request.param}_crowd")
    with django_db_blocker.unblock(), database(crowd.database_url):
        yield crowd


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """It is noon, and stays so until the test shifts it. Tomorrow's: after everything that fixtures made."""
    tomorrow = timezone.localtime() + timedelta(days=1)
    noon = tomorrow.replace(hour=12, minute=0, second=0, microsecond=0)
    with time_machine.travel(noon, tick=False) as traveller:
        yield traveller
