"""What shows codes and knows passwords is not to be had in production."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.kit.deployment import PRODUCTION, ROOT

pytestmark = pytest.mark.slow

LOADED = "import sys; print([name for name in sys.modules if name.startswith('portal.development')])"


def python(program: str) -> "subprocess.CompletedProcess[str]":
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "portal.settings", **PRODUCTION}
        environment |= {"STATIC_ROOT": folder}
        Path(folder, "staticfiles.json").write_text('{"paths": {}, "version": "1.1", "hash": ""}')
        return subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip


@pytest.mark.parametrize(
    "program",
    [
        "import portal.wsgi; from django.urls import get_resolver; get_resolver().reverse_dict",
        "from portal.celery import app; import django; django.setup(); app.loader.import_default_modules()",
        "from apppasswords.maillogin import service; service._ended.set()",
        "import django; django.setup(); from django.core.management import call_command; call_command('check')",
    ],
    ids=["web", "worker", "mail login service", "command"],
)
def test_no_production_process_loads_it(program: str) -> None:
    done = python(f"{program}\n{LOADED}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("module", ["views", "processes", "management.commands.demo"])
def test_it_refuses_to_be_imported(module: str) -> None:
    done = python(f"import portal.development.{module}")
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith("ImportError: portal.development is for DEBUG=on")


def test_its_addresses_are_not_there() -> None:
    done = python("import django; django.setup(); from django.urls import reverse; reverse('outbox')")
    assert "NoReverseMatch" in done.stderr
