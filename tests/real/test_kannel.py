"""A sign-in through Kannel: the generic gateway, delivery reports and fail-over against software that is not ours."""

import re
from collections.abc import Iterator

import pytest

from tests.kit.deployment import ROOT
from tests.kit.servers.kannel import PASSWORD, Kannel
from tests.kit.servers.site import Site, Visitor
from tests.kit.waiting import wait_until

SECRET = "reports-0123456789abcdef"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def kannel() -> Iterator[Kannel]:
    with Kannel() as kannel:
        yield kannel


@pytest.fixture(scope="module")
def site(kannel: Kannel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With the file of deploy/sms, of which only the port is another one."""
    path = tmp_path_factory.mktemp("sms") / "kannel.toml"
    path.write_text((ROOT / "deploy" / "sms" / "kannel.toml").read_text().replace(":13013", f":{kannel.port}"))
    with Site(SMS_HTTP_FILES=str(path), KANNEL_PASSWORD=PASSWORD, SMS_RECEIPT_SECRET=SECRET) as site:
        site.environment |= {"SMS_GATEWAY": "kannel", "PUBLIC_URL": site.url}
        site.start_web()
        yield site


@pytest.fixture(autouse=True)
def _tidy(site: Site) -> Iterator[None]:
    """One test's outage is none of the next one's."""
    yield
    site.kill_workers()
    site.execute("DELETE FROM routes_outage")


def text_to(visitor: Visitor, kannel: Kannel) -> str:
    def texts() -> list[str]:
        return [text for number, text in kannel.received() if number == f"+86{visitor.number}"]

    return str(wait_until(texts, 30)[-1])


def test_the_code_arrives_and_its_delivery_is_told(site: Site, kannel: Kannel) -> None:
    site.start_worker()
    with site.visitor() as visitor:
        visitor.enter_password()
        text = text_to(visitor, kannel)
        assert text.startswith("【示例大学】")
        wait_until(lambda: visitor.statuses() == ["delivered"], 30)
        (sms,) = wait_until(lambda: [sms for sms in visitor.sms() if sms["gateway_id"]], 30)  # a receipt may be faster
        assert (sms["gateway"], sms["gateway_id"]) == ("kannel", f"kannel-{sms['id']}")
        code = re.search(r"\d{6}", text)
        assert code
        visitor.submit("/sign-in/code/", code=code[0])
        assert visitor.is_in()
        assert code[0] not in site.logs()
        assert SECRET not in site.logs()


def test_a_code_waits_until_kannel_is_back(site: Site, kannel: Kannel) -> None:
    site.start_worker()
    with site.visitor() as visitor:
        kannel.stop()
        visitor.enter_password()
        wait_until(lambda: visitor.statuses() == ["delayed"], 30)
        kannel.start()
        wait_until(lambda: visitor.statuses() == ["delivered"], 60)
        assert len([number for number, _text in kannel.received() if number.endswith(visitor.number)]) == 1


def test_another_gateway_follows_at_once(site: Site, kannel: Kannel) -> None:
    site.start_worker({"SMS_GATEWAYS": "kannel,outbox"})
    with site.visitor() as visitor:
        kannel.stop()
        visitor.enter_password()
        visitor.enter_code()
        assert visitor.is_in()
        kannel.start()
        (sms,) = visitor.sms()
        assert (sms["gateway"], sms["status"]) == ("outbox", "sent")


def test_what_kannel_refuses_is_told_to_the_office(site: Site) -> None:
    site.start_worker({"KANNEL_PASSWORD": "wrong"})
    with site.visitor() as visitor:
        visitor.enter_password()
        wait_until(lambda: visitor.statuses() == ["failed"], 30)
        (sms,) = visitor.sms()
        assert (sms["reason"], sms["error"]) == ("office", "kannel Authorization")
