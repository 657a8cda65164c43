from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import translation

from portal.office import evidence


class Command(BaseCommand):
    help = "What an assessor asks for, with its date: settings, who may what, the log and its verification, retention."
    requires_system_checks: list[str] = []  # it says itself what they find

    def add_arguments(self, parser: ArgumentParser) -> None:
        languages = [code for code, _name in settings.LANGUAGES]
        parser.add_argument("--language", choices=languages, default=settings.LANGUAGE_CODE)

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(options["language"]):
            self.stdout.write(evidence.write(), ending="")
