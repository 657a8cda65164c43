from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from portal.operations import metrics


class Command(BaseCommand):
    help = "Tells Prometheus how the site is, until it is stopped (deploy/prometheus)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("listen", nargs="?", default="127.0.0.1:9108", metavar="HOST:PORT")

    def handle(self, *args: Any, **options: Any) -> None:
        metrics.serve(options["listen"])
