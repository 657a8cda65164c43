"""A database with people in it, and what they can do. Programs of their own, as tests have another database: the last
release runs `fill` and `ask`, then today's `ask` must be answered the same (tests/house/test_release.py).

    DEBUG=on VAR=folder DATABASE_URL=... python -m tests.kit.filled fill >secrets
    DEBUG=on VAR=folder DATABASE_URL=... python -m tests.kit.filled ask <secrets >answers
    DEBUG=on VAR=folder DATABASE_URL=... python -m tests.kit.filled empty >tables that have no rows

Today's `ask` is given the secrets of a release: what stands in them keeps its name, and its kind of value. A question
that `fill` did not prepare in that release is not asked. Answers are counted and sent as anybody's would be, so `ask`
is for a copy.
"""

import json
import os
import sys

import django

os.environ |= {"SMS_GATEWAY": "memory", "EMAIL_URL": "memorymail://", "CELERY_BROKER_URL": "memory://localhost"}
os.environ["LOG_LEVEL"] = "ERROR"  # a page that is refused is no news here
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.apps import apps
from django.test.utils import setup_test_environment

from portal.celery import app
from tests.kit.filled.ask import QUESTIONS, ask
from tests.kit.filled.fill import fill
from tests.kit.upkeep import register_tasks


def empty() -> list[str]:
    """Tables that nothing was filled into."""
    models = apps.get_models(include_auto_created=True)
    return sorted(model._meta.label for model in models if not model._default_manager.exists())


def main() -> None:
    setup_test_environment()
    register_tasks()
    app.conf.task_always_eager = True  # what is queued is done at once
    match sys.argv[1:]:
        case ["fill"]:
            said: object = fill() | {"questions": list(QUESTIONS)}
        case ["empty"]:
            said = empty()
        case _:
            said = ask(json.load(sys.stdin))
    json.dump(said, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
