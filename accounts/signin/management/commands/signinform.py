from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.signin import passwordform


class Command(BaseCommand):
    help = "Makes a link that shows the hidden form of SIGN_IN_FORM=hidden: CAS or the OpenID provider does not answer."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SIGN_IN_FORM != "hidden":
            raise CommandError("The form is on the sign-in page: SIGN_IN_FORM is not hidden.")
        hours = int(passwordform.LIFETIME.total_seconds() // 3600)
        self.stdout.write(passwordform.link())
        self.stderr.write(f"For {hours} hours whoever has this link may sign in with the mailbox password and a code.")
