"""manage.py evidence: what an assessor is given. It tells, and holds no secret."""

from io import StringIO

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command

from accounts.log import chain, events
from portal.office import roles
from tests.conftest import MakeUser

SECRETS = ("SECRET_KEY", "SMS_CODE_KEY", "APP_PASSWORD_KEYS", "FACTOR_KEYS", "EVENT_LOG_KEYS", "MAIL_AUTH_TOKEN")


def test_who_and_what(make_user: MakeUser) -> None:
    boss = make_user("boss", is_staff=True, is_superuser=True, phone="13800138000")
    clerk = make_user("clerk", is_staff=True)
    roles.make()  # after tests that commit there are none
    role = Group.objects.get(name=roles.HELP)
    role.user_set.add(clerk)
    role.permissions.remove(role.permissions.get(codename="lift_ban"))
    events.record(events.Kind.SIGNED_OUT, boss)
    chain.seal()
    out = StringIO()
    call_command("evidence", stdout=out)
    said = out.getvalue()
    assert "boss@example.edu: 短信验证码" in said
    assert "服务台: clerk@example.edu" in said
    assert "-bans.lift_ban" in said
    assert "EVENT_LIFETIME: 730 d" in said
    assert "MAIL_LOGIN_LIFETIME: 184 d" in said
    assert "完好" in said
    values = [getattr(settings, name) for name in SECRETS]
    assert not [value for found in values for value in ([found] if isinstance(found, str) else found) if value in said]
