"""Who comes from a single sign-on, and whose number from the directory is trusted: neither takes the code's place."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery.gateways import memory
from accounts.factors.models import Authenticator
from accounts.log.models import SecurityEvent
from accounts.phones.models import Phone, Suggestion
from accounts.users.models import User
from tests.kit.asking import other_than
from tests.kit.elsewhere import be, be_by_both, come
from tests.kit.people import NUMBER, OTHER_NUMBER, Person, code_from_phone
from tests.kit.servers.sources import Cas, Provider

BIND, APP, SEND = "/sign-in/phone/", "/sign-in/app/new/", {"suggested": "1", "send": "1", "agreed": "on"}


@pytest.fixture
def newcomer(zhangsan: Person, settings: Settings) -> Person:
    """Without a second step, of a department whose numbers are trusted."""
    settings.LDAP_ATTRIBUTES = settings.LDAP_ATTRIBUTES | {"phone": "mobile"}
    settings.LDAP_PHONES_TRUSTED_SINCE = timezone.localdate()
    settings.LDAP_PHONES_TRUSTED_FOR = ["财务处"]
    assert zhangsan.user
    Suggestion.objects.create(user=zhangsan.user, number=f"+86{NUMBER}")
    User.objects.filter(pk=zhangsan.user.pk).update(department="财务处")
    return zhangsan


@pytest.mark.bypass("row 15: wagtail-2fa CVE-2019-16766: to bind one's own after the first step")
@pytest.mark.parametrize("slug", ["cas", "oidc"])
@pytest.mark.parametrize("proves", [be, be_by_both])
@pytest.mark.usefixtures("counted")
def test_only_the_code_at_that_number_binds_it_and_nothing_else_is_bound(
    source: Cas | Provider, slug: str, proves: Callable[[Cas | Provider, str], None], newcomer: Person
) -> None:
    """A trusted number is not a bound one, and a source that counts as both steps proves none of ours."""
    proves(source, "zhangsan@example.edu")
    assert come(newcomer, slug).headers["Location"] == BIND
    page = newcomer.get(BIND).text
    assert "138****8000" in page
    assert 'name="number"' not in page
    newcomer.post(BIND, {"number": OTHER_NUMBER, "agreed": "on"})
    assert newcomer.post(APP, {"code": "123456"}).headers["Location"] == BIND
    newcomer.post(BIND, SEND)
    assert {sms.to for sms in memory.outbox} == {f"+86{NUMBER}"}
    for code in ("", other_than(code_from_phone(NUMBER))):
        newcomer.post(BIND, {"code": code})
        assert [*Phone.objects.all(), *Authenticator.objects.all()] == [], "nothing is bound without the code"
        assert not newcomer.is_in()
    newcomer.post(BIND, {"code": code_from_phone(NUMBER)})
    assert str(Phone.objects.get(user=newcomer.user).number) == f"+86{NUMBER}"
    assert newcomer.is_in()
    bound = SecurityEvent.objects.get(kind="phone_bound").detail
    assert bound == {"number": "138****8000", "trusted_since": str(timezone.localdate())}
