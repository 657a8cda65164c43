"""What the list of people is narrowed by."""

from collections.abc import Iterator
from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.closures import closures, dormancy
from accounts.closures.closures import Why
from accounts.users import clerks, ways
from accounts.users.models import User
from accounts.users.ways import Way
from portal.office.admin import long_lists


def clerk(request: HttpRequest) -> User:
    return cast(User, request.user)  # the administration lets nobody else in


class TwoStepFilter(admin.SimpleListFilter):
    title = _("two-step")
    parameter_name = "two_step"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("on", _("on")),
            ("later", _("from a later date")),
            ("off", _("off")),
            ("no_way", _("on, nothing bound")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        now, people = timezone.now(), queryset.filter(is_shared=False)
        match self.value():
            case "on":
                return people.filter(two_step_from__lte=now)
            case "later":
                return people.filter(two_step_from__gt=now)
            case "off":
                return people.filter(two_step_from=None)
            case "no_way":
                return people.filter(ways.are_not_ready(), two_step_from__lte=now)
        return queryset


class WayFilter(admin.SimpleListFilter):
    title = _("ways to verify")
    parameter_name = "way"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            *((way.value, way.label) for way in ways.allowed()),
            ("ready", _("enough to sign in")),
            ("none", _("none")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        chosen = self.value()
        if chosen == "ready":
            return queryset.filter(ways.are_ready())
        if chosen == "none":
            return queryset.filter(ways.lack(Way))
        return queryset.filter(ways.have([chosen])) if chosen in ways.allowed() else queryset


class ClosureFilter(admin.SimpleListFilter):
    title = _("end of the account")
    parameter_name = "closure"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        dormant = [
            ("unused", _("not used for long")),
            ("dormant_told", _("not used for long: told by mail")),
            ("dormant", _("disabled: not used for long")),
        ]
        return [
            ("leaving", _("has a last day to come")),
            ("left", _("disabled: its last day is over")),
            *(dormant if settings.DORMANT_AFTER else []),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        match self.value():
            case "leaving":
                return queryset.filter(is_active=True, last_day__isnull=False)
            case "left":
                return queryset.filter(closures.closed(Why.LEFT))
            case "unused":
                return queryset.filter(pk__in=dormancy.almost_due().values("pk"))
            case "dormant_told":
                return queryset.filter(closures.told(Why.DORMANT), is_active=True)
            case "dormant":
                return queryset.filter(closures.closed(Why.DORMANT))
        return queryset


EVERY = "*"  # department; an empty one is none


class DepartmentFilter(admin.SimpleListFilter):
    """To choose from: there are too many departments for a list of links."""

    title = _("department")
    parameter_name = "department__exact"  # as the dashboard's figures lead here
    template = "office/department_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """With how many each has, as long as the list of all people is counted too."""
        who = clerk(request)
        if clerks.visible(who)[: long_lists.MOST_PEOPLE + 1].count() > long_lists.MOST_PEOPLE:
            self.departments = [(name, None) for name in clerks.names_of_departments(who) if name]
        else:
            self.departments = [row for row in clerks.departments(who) if row[0]]
        return []

    def has_output(self) -> bool:
        return bool(self.departments)

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {
            "name": self.parameter_name,
            "value": EVERY if self.value() is None else self.value(),
            "every": EVERY,
            "departments": self.departments,
            "others": [(key, value) for key, values in changelist.filter_params.items() if key != self.parameter_name
                       for value in (values if isinstance(values, list) else [values])],
        }  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        return queryset if self.value() in (None, EVERY) else queryset.filter(department=self.value())
