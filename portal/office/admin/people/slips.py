"""Starting passwords on slips of paper, for people who have never been in: made once, shown once, handed out."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts.presses import once
from accounts.security import newcomers, passwords
from accounts.security.newcomers import AT_ONCE
from accounts.sessions import clients
from accounts.sessions.gate.decorators import GET_OR_POST
from accounts.sessions.sessions import SignedInRequest
from accounts.users.models import User
from accounts.users.permissions import right
from portal.office.desk.reasons import ReasonForm


class SlipPages(admin.ModelAdmin[User]):
    def get_urls(self) -> list[URLPattern]:
        view: Callable[..., Any] = self.admin_site.admin_view(self.slips)
        return [path("slips/", view, name="accounts_user_slips"), *super().get_urls()]

    def may_make_slips(self, request: HttpRequest) -> bool:
        return request.user.has_perm(right("help_people", User)) and not settings.PASSWORDS_IN_DIRECTORY

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may = {"may_make_slips": self.may_make_slips(request)}
        return super().changelist_view(request, may | (extra_context or {}))

    @admin.action(description=gettext_lazy("Starting passwords on slips"), permissions=["help"])
    def slips_of(self, request: SignedInRequest, queryset: QuerySet[User]) -> HttpResponse:
        """To the page that says for whom it will be; nothing is done yet."""
        keys = list(queryset.order_by("pk").values_list("pk", flat=True)[: AT_ONCE + 1])
        if len(keys) > AT_ONCE:
            text = _("At most %(n)s people at once. Choose fewer, or a department.") % {"n": AT_ONCE}
            self.message_user(request, text, messages.WARNING)
        return redirect(f"{reverse('admin:accounts_user_slips')}?{urlencode({'person': keys[:AT_ONCE]}, doseq=True)}")

    @method_decorator(require_http_methods(GET_OR_POST))
    def slips(self, request: SignedInRequest) -> HttpResponse:
        """Whom, of which department; POST: their slips."""
        if settings.PASSWORDS_IN_DIRECTORY:
            raise Http404
        if not self.may_make_slips(request):
            raise PermissionDenied
        if request.method == "GET":
            once.gone_on(request)
        people = _meant(request)
        if people is None:
            rows = newcomers.departments(request.user)
            return self._page(request, "choose", title=_("Starting passwords on slips"), departments=rows)
        form = ReasonForm(request.POST or None, auto_id="slips_%s")
        if form.is_valid():
            return self._sheet(request, people, form.reason)
        count, unused = people.count(), newcomers.of(request.user, again=True)
        return self._page(
            request,
            "people",
            title=_("Starting passwords on slips"),
            form=form,
            people=[(user, f"{user.pk}:{passwords.version_of(user)}") for user in people[:AT_ONCE]],
            count=count,
            sheets=-(-count // AT_ONCE),
            again="again" in request.GET,
            unused=_chosen(request, unused).count() - (0 if "again" in request.GET else count),
            chosen=[(name, value) for name in ("department", "person") for value in request.GET.getlist(name)],
            department=request.GET.get("department"),
        )

    @sensitive_variables()
    def _sheet(self, request: SignedInRequest, people: QuerySet[User], reason: str) -> HttpResponse:
        """The one answer that holds them: of those who are still meant, and whose password is what the page showed."""
        asked = dict(_pair(text) for text in request.POST.getlist("slip")[:AT_ONCE])
        meant = list(people.filter(pk__in=asked))
        secrets = passwords.set_starting_of_many(
            [(user, asked[user.pk]) for user in meant],
            actor=request.user,
            address=clients.address(request),
            reason=reason,
        )
        if not secrets:
            text = _("Nothing was done: nobody of those on the page is waiting for a password any more.")
            self.message_user(request, text, messages.WARNING)
            return redirect(request.get_full_path())
        left_out = len(asked) - len(secrets)
        told = ngettext(
            "%(n)s person was left out: signed in meanwhile, or was given another password.",
            "%(n)s people were left out: they signed in meanwhile, or were given another password.",
            left_out,
        )
        return once.show(
            self._page(
                request,
                "sheet",
                title=_("Shown only now"),
                slips=[(user, secrets[user.pk]) for user in meant if user.pk in secrets],
                left_out=told % {"n": left_out} if left_out else "",
                portal=settings.PUBLIC_URL,
                kind="password",
                way_on=request.get_full_path(),
            )
        )

    def _page(self, request: HttpRequest, name: str, **context: Any) -> TemplateResponse:
        context |= self.admin_site.each_context(request) | {"opts": self.opts, "at_once": AT_ONCE}
        return TemplateResponse(request, f"office/slips/{name}.html", context)


def _meant(request: SignedInRequest) -> QuerySet[User] | None:
    """None: nobody is chosen yet."""
    if not {"department", "person"} & request.GET.keys():
        return None
    return _chosen(request, newcomers.of(request.user, again="again" in request.GET))


def _chosen(request: HttpRequest, people: QuerySet[User]) -> QuerySet[User]:
    people = people.order_by("department", "username")
    if keys := [key for key in map(_number, request.GET.getlist("person")[:AT_ONCE]) if key]:
        return people.filter(pk__in=keys)
    return people.filter(department=request.GET.get("department", ""))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _pair(text: str) -> tuple[int, str]:
    """Whom, and which password the page showed."""
    key, _colon, version = text.partition(":")
    return _number(key), version
