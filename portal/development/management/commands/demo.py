from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.users.models import User

PASSWORD = "battery-staple-2026"  # noqa: S105 - of the people below, who exist on development machines only
PEOPLE = [
    ("zhangsan@example.edu", {"name": "张三", "department": "文学院", "two_step": True}),
    ("lisi@example.edu", {"name": "李四", "department": "理学院", "two_step": False}),
    (
        "itoffice@example.edu",
        {"name": "信息办", "department": "信息化建设与管理办公室", "two_step": True, "super": True},
    ),
]


class Command(BaseCommand):
    help = "Adds the demo people to a database without people. Needs DEBUG."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("demo people have a public password; they are added only while DEBUG is on.")
        if User.objects.exists():
            return
        for username, about in PEOPLE:
            User.objects.create_user(
                username,
                PASSWORD,
                name=about["name"],
                department=about["department"],
                two_step_from=timezone.now() if about["two_step"] else None,
                is_staff="super" in about,
                is_superuser="super" in about,
            )
            self.stdout.write(f"added {username}")
