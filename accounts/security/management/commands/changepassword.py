import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword

from accounts.security import passwords
from accounts.users.models import User


class Command(changepassword.Command):
    help = "Changes the mailbox password of a user. What the old one opened ends, and the owner is told."

    def handle(self, *args: Any, **options: Any) -> str | None:
        said = super().handle(*args, **options)
        user = User.objects.get(username=options["username"] or getpass.getuser())
        passwords.end_what_it_opened(user, reason="manage.py changepassword")
        return said
