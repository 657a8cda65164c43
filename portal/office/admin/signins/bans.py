"""Bans: those in force first, why they are there, and how they end."""

from collections.abc import Callable, Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.bans import bans, causes, digests
from accounts.bans.models import Ban, Failure
from accounts.bans.where import addresses, places
from accounts.lib import clock, invisible, origins, series, ways_in
from accounts.lib.seen import Seen
from accounts.sessions.sessions import SignedInRequest
from accounts.users.models import User
from accounts.users.permissions import right
from portal.office import ban_story
from portal.office.admin.history import HistoryAdmin

NEIGHBOURS_SHOWN = 20
FAILURES_SHOWN = 50


def account_name(account: str) -> str:
    """A name that is no account's was never kept; the beginning of its digest tells one from another."""
    if account.startswith(digests.STRANGER):
        return gettext("no account (%(digest)s)") % {"digest": account.removeprefix(digests.STRANGER)[:4]}
    return account or gettext("the whole address")


def way_in_names(of: str) -> str:
    return series.join(ways_in.name(channel) for channel in of.split(", ") if channel)


class InForceFilter(admin.SimpleListFilter):
    """The list opens on what counts now; who searches, or comes from a figure, means all of them."""

    title = _("in force")
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("now")), ("no", _("over or lifted")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        for value, label in self.lookup_choices:
            link = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": self._chosen(changelist) == value, "query_string": link, "display": label}

    def _chosen(self, changelist: Any) -> str:
        narrowed = changelist.query or set(changelist.params) - {self.parameter_name}
        return str(self.value() or ("all" if narrowed else "yes"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ban]) -> QuerySet[Ban]:
        match self.value() or ("" if set(request.GET) - {"p", "o"} else "yes"):
            case "yes":
                return queryset.filter(bans.in_force())
            case "no":
                return queryset.exclude(bans.in_force())
        return queryset


class WholeFilter(admin.SimpleListFilter):
    title = _("whom it shuts out")
    parameter_name = "whole"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("whole address")), ("no", _("one account at an address"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ban]) -> QuerySet[Ban]:
        match self.value():
            case "yes":
                return queryset.filter(account="")
            case "no":
                return queryset.exclude(account="")
        return queryset


class LiftForm(Seen, helpers.ActionForm):
    """Beside the actions; the buttons of the rows take it along."""

    reason = forms.CharField(label=_("Reason (optional)"), max_length=200, required=False)


@admin.register(Ban)
class BanAdmin(HistoryAdmin):
    list_display = ("whom", "why_and_when", "state")
    list_filter = (InForceFilter, WholeFilter, "started_at")
    search_fields = ("network", "account", "failures__account")
    search_help_text = _("Address, or account.")
    list_select_related = ("lifted_by",)
    action_form = LiftForm
    actions = ("lift",)
    change_form_template = "admin/bans/ban/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        lift_one = self.admin_site.admin_view(require_POST(self.lift_one))
        name = "bans_ban_lift"
        return [path("<path:object_id>/lift/", lift_one, name=name), *super().get_urls()]

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [Case(When(bans.in_force(), then=0), default=1), "-started_at"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Ban], search_term: str
    ) -> tuple[QuerySet[Ban], bool]:
        return super().get_search_results(request, queryset, counted(search_term))

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        columns = self.list_display
        return (*columns, _lift_button(request)) if self.has_lift_permission(request) else columns

    def get_fields(self, request: HttpRequest, obj: Ban | None = None) -> tuple[str, ...]:
        fields = ("network", "account_shown", "why", "ways_in", "times", "network_kind", "state")
        return (*fields, "lift_reason") if obj and obj.lift_reason else fields

    @admin.display(description=_("banned"), ordering="network")
    def whom(self, ban: Ban) -> SafeString:
        return format_html('{}<br><span class="small">{}</span>', ban.network, account_name(ban.account))

    @admin.display(description=_("why"), ordering="first_at")
    def why_and_when(self, ban: Ban) -> SafeString:
        told = " · ".join(filter(None, (way_in_names(ban.channels), self.times(ban))))
        return format_html('{}<br><span class="small quiet">{}</span>', self.why(ban), told)

    @admin.display(description=_("account"), ordering="account")
    def account_shown(self, ban: Ban) -> str:
        return account_name(ban.account)

    @admin.display(description=_("why"))
    def why(self, ban: Ban) -> SafeString:
        tone = "alarm" if causes.of(ban) in causes.ALARMING else "calm"
        return format_html('<span class="cause {}">{}</span>', tone, causes.why(ban))

    @admin.display(description=_("ways in"))
    def ways_in(self, ban: Ban) -> str:
        return way_in_names(ban.channels)

    @admin.display(description=_("first and last wrong password"), ordering="first_at")
    def times(self, ban: Ban) -> str:
        return clock.span(ban.first_at, ban.last_at) if ban.first_at and ban.last_at else ""

    @admin.display(description=_("state"), ordering="until")
    def state(self, ban: Ban) -> str:
        until = clock.briefly(ban.until)
        if ban.lifted_at:
            return gettext("lifted %(at)s by %(by)s") % {"at": clock.briefly(ban.lifted_at), "by": ban.lifted_by or "—"}
        if ban.until > timezone.now():
            return gettext("in force until %(until)s") % {"until": until}
        return gettext("over since %(until)s") % {"until": until}

    @admin.display(description=_("known network"))
    def network_kind(self, ban: Ban) -> str:
        kind = addresses.kind(ban.network.partition("/")[0])
        if kind is None and places.is_gateway(ban.network):
            n = places.accounts_of(ban.network).count()
            return ngettext(
                "no; %(n)s account got in from here in the last days, so failures are counted for each account",
                "no; %(n)s accounts got in from here in the last days, so failures are counted for each account",
                n,
            ) % {"n": n}
        return str(kind.label) if kind else gettext("no")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(
            request, object_id, form_url, (extra_context or {}) | self._story(request, object_id)
        )

    def _story(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        ban = self.get_object(request, object_id)
        if ban is None or not self.has_view_permission(request):
            return {}
        neighbours, failures = ban_story.neighbours(ban.network), causes.failures(ban)
        is_in_force = ban.lifted_at is None and ban.until > timezone.now()
        return {
            "title": gettext("Ban of %(address)s") % {"address": ban.network},
            "ban": ban,
            "may_lift": is_in_force and self.has_lift_permission(request),
            "lift_url": reverse("admin:bans_ban_lift", args=[ban.pk]),
            "bars": ban_story.timeline(ban),
            "neighbours": neighbours[:NEIGHBOURS_SHOWN],
            "neighbour_count": len(neighbours),
            "neighbour_days": ban_story.NEIGHBOURS_SINCE.days,
            "is_far": ban_story.is_far(ban.network),
            "may_see_people": request.user.has_perm(right("view", User)),
            "failures": [
                (failure.at, account_name(failure.account), way_in_names(failure.channel))
                for failure in failures[:FAILURES_SHOWN]
            ],
            "failure_count": failures.count(),
            "may_see_failures": request.user.has_perm(right("view", Failure)),
        }

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(right("lift", Ban))

    @admin.action(description=_("Lift"), permissions=["lift"])
    def lift(self, request: SignedInRequest, queryset: QuerySet[Ban]) -> None:
        self._lift(request, queryset)

    def lift_one(self, request: SignedInRequest, object_id: str) -> HttpResponse:
        """The button of a row, and the one of its page; back to the list as it was."""
        if not self.has_lift_permission(request):
            raise PermissionDenied
        ban = self.get_object(request, object_id)
        if ban is None:
            raise Http404
        self._lift(request, [ban])
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return redirect(reverse("admin:bans_ban_changelist") + query)

    def _lift(self, request: SignedInRequest, chosen: QuerySet[Ban] | list[Ban]) -> None:
        reason = invisible.dropped(request.POST.get("reason", "")).strip()[:200]
        done = sum(bool(bans.lift(ban, request.user, reason=reason)) for ban in chosen)
        text = ngettext("%(n)s ban lifted.", "%(n)s bans lifted.", done) % {"n": done}
        self.message_user(request, text, messages.SUCCESS if done else messages.WARNING)


def _lift_button(request: HttpRequest) -> Callable[[Ban], str | SafeString]:
    """It sends the form that the list is in, so it works without a script and takes the reason along."""
    query = f"?{request.GET.urlencode()}" if request.GET else ""

    @admin.display(description=_("lift"))
    def lift_button(ban: Ban) -> str | SafeString:
        if ban.lifted_at or ban.until <= timezone.now():
            return ""
        return format_html(
            '<button type="submit" class="button" formaction="{}{}" aria-label="{}">{}</button>',
            reverse("admin:bans_ban_lift", args=[ban.pk]),
            query,
            gettext("Lift the ban of %(address)s") % {"address": f"{ban.network} {account_name(ban.account)}"},
            gettext("Lift"),
        )

    return lift_button


def counted(search_term: str) -> str:
    """An IPv6 address that somebody reads from a log stands here as its /64."""
    parsed = origins.parse(search_term) if "/" not in search_term else None
    return addresses.network(search_term) if parsed and parsed.version == 6 else search_term
