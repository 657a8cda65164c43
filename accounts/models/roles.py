from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

# What a group is called in the database, and in the clerk's language. Groups that an office makes have one name.
LABELS = {
    "help desk": _("help desk"),
    "two-step manager": _("two-step manager"),
    "auditor": _("auditor"),
    "administrator": _("administrator"),
}


class Role(Group):
    """Django's group, as the office reads it."""

    class Meta:
        proxy = True
        verbose_name = _("role")
        verbose_name_plural = _("roles")

    def __str__(self) -> str:
        return str(LABELS.get(self.name, self.name))
