from pathlib import Path

import pytest

from tests.kit.sites import MailServer, Site


@pytest.fixture
def webmail(tmp_path: Path) -> Site:
    return Site(tmp_path, "webmail", "--trusted", "--without-pkce", "--scopes", "openid email profile mail")


@pytest.fixture
def dovecot(tmp_path: Path) -> MailServer:
    return MailServer(tmp_path, "dovecot", "--introspection")
