from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.crypto import get_random_string

from accounts.openid.models import SCOPES_OF_WEB, Application

SHORTEST_SECRET = 32


class Command(BaseCommand):
    help = "Make an application that signs people in through the portal, or replace it. Its secret is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("client_id", help="a name without spaces, such as roundcube")
        parser.add_argument("--name", help="what people read")
        parser.add_argument("--redirect-uri", action="append", default=[], help="where people come back to; repeatable")
        parser.add_argument("--sign-out-uri", action="append", default=[], help="where they go after signing out there")
        parser.add_argument("--scopes", default=SCOPES_OF_WEB, help="“mail” opens the mailbox over IMAP and SMTP")
        parser.add_argument("--trusted", action="store_true", help="do not ask people whether they allow it")
        parser.add_argument("--without-pkce", action="store_true", help="it cannot do PKCE, as Roundcube 1.6")
        parser.add_argument("--introspection", action="store_true", help="a mail server that asks about tokens")
        parser.add_argument("--public", action="store_true", help="it has no secret: a program on people's machines")
        parser.add_argument("--secret-file", help="holds the secret; without it one is made and printed")

    def handle(self, *args: Any, **options: Any) -> None:
        known = settings.OAUTH2_PROVIDER["SCOPES"]
        if unknown := set(options["scopes"].split()) - set(known):
            raise CommandError(f"Unknown scopes: {' '.join(sorted(unknown))}. There are: {' '.join(known)}.")
        secret = self._secret(options["secret_file"])
        application = Application.objects.filter(client_id=options["client_id"]).first() or Application()
        kind = Application.CLIENT_PUBLIC if options["public"] else Application.CLIENT_CONFIDENTIAL
        values = {
            "client_id": options["client_id"],
            "client_secret": "" if options["public"] else secret,
            "client_type": kind,
            "name": options["name"] or options["client_id"],
            "redirect_uris": " ".join(options["redirect_uri"]),
            "post_logout_redirect_uris": " ".join(options["sign_out_uri"]),
            "scopes": options["scopes"],
            "skip_authorization": options["trusted"],
            "requires_pkce": options["public"] or not options["without_pkce"],
            "may_introspect": options["introspection"],
            "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
            "algorithm": Application.RS256_ALGORITHM,
        }
        for name, value in values.items():
            setattr(application, name, value)
        try:
            application.clean_fields(exclude=["client_secret"])
            if not options["introspection"]:
                application.clean()
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from None
        application.save()
        if not (options["public"] or options["secret_file"]):
            self.stderr.write("The secret, which is not shown again:")
            self.stdout.write(secret)

    def _secret(self, file: str | None) -> str:
        if file is None:
            return get_random_string(48)
        try:
            secret = Path(file).read_text().strip()
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
        if len(secret) < SHORTEST_SECRET:
            raise CommandError(f"The secret in {file} is too short: {SHORTEST_SECRET} characters at least, random.")
        return secret
