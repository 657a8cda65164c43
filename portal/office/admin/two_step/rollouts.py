"""Two-step for many: choose, look at the dry run, carry it out, watch it, stop it."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from accounts.rollouts import placeholders, readiness, reminders, rollouts
from accounts.rollouts.models import Rollout
from accounts.sessions import clients
from accounts.sessions.sessions import SignedInRequest
from accounts.users.models import User
from accounts.users.permissions import right
from portal.office.admin.light import LightAdmin
from portal.office.admin.two_step.rollout_forms import ChoiceForm, MailForm, initial, whom

PEOPLE_ON_A_PAGE = 100


@admin.register(Rollout)
class RolloutAdmin(LightAdmin):
    list_display = ("whom", "start", "status", "total", "made_by", "made_at")
    list_filter = ("status",)
    list_select_related = ("made_by",)
    list_display_links = ("whom",)
    actions = None

    @admin.display(description=gettext_lazy("for whom"))
    def whom(self, row: Rollout) -> str:
        return whom(row)

    # --- Who ---------------------------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(right("roll_out", User))

    def has_change_permission(self, request: HttpRequest, obj: Rollout | None = None) -> bool:
        return request.user.has_perm(right("roll_out", User))

    def has_view_permission(self, request: HttpRequest, obj: Rollout | None = None) -> bool:
        return request.user.has_perm(right("roll_out", User)) or request.user.has_perm(right("view", Rollout))

    def has_delete_permission(self, request: HttpRequest, obj: Rollout | None = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    # --- Pages -------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        def page(view: Callable[..., HttpResponse]) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("<int:pk>/choose/", page(self.choose), name="rollouts_rollout_choose"),
            path("<int:pk>/mail/", page(self.mail), name="rollouts_rollout_mail"),
            path("<int:pk>/people/", page(require_safe(self.people)), name="rollouts_rollout_people"),
            *super().get_urls(),
        ]

    def _page(self, request: HttpRequest, name: str, row: Rollout | None, **context: Any) -> TemplateResponse:
        context |= {"rollout": row, "whom": whom(row) if row else "", "opts": self.opts}
        context["may_change"] = self.has_change_permission(request)
        return TemplateResponse(request, f"office/rollout/{name}.html", self.admin_site.each_context(request) | context)

    def _row(self, request: HttpRequest, pk: Any, *, change: bool = False) -> Rollout:
        allowed = self.has_change_permission(request) if change else self.has_view_permission(request)
        if not allowed:
            raise PermissionDenied
        if not str(pk).isdecimal():
            raise Http404
        return get_object_or_404(Rollout.objects.select_related("made_by"), pk=pk)

    def add_view(  # type: ignore[override]
        self, request: SignedInRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._choose(request, None)

    def choose(self, request: SignedInRequest, pk: int) -> HttpResponse:
        row = self._row(request, pk, change=True)
        if row.status != Rollout.Status.DRAFT:
            return redirect("admin:rollouts_rollout_change", row.pk)
        return self._choose(request, row)

    def _choose(self, request: SignedInRequest, row: Rollout | None) -> HttpResponse:
        chosen = {"departments": request.GET.getlist("department")} if row is None else {}
        form = ChoiceForm(request.POST or None, initial=initial(row) | chosen, clerk=request.user)
        if form.is_valid():
            if row is None:
                row = rollouts.draft(form.choice(), form.begins(), request.user)
            else:
                rollouts.redraw(row, form.choice(), form.begins(), request.user)
            return redirect("admin:rollouts_rollout_change", row.pk)
        return self._page(request, "choose", row, form=form, title=_("Whom, and from when"))

    def change_view(  # type: ignore[override]
        self,
        request: SignedInRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self._row(request, object_id, change=request.method == "POST")
        if request.method == "POST":
            self._act(request, row)
            return redirect("admin:rollouts_rollout_change", row.pk)
        if row.status == Rollout.Status.DRAFT:
            dry_run = readiness.dry_run(row, row.made_by or request.user)
            context = {"dry_run": dry_run, "ceiling": settings.SHARED_NETWORK_FAILURES, "title": _("Dry run")}
            return self._page(request, "dry_run", row, **context)
        departments = readiness.progress(row)
        return self._page(
            request,
            "progress",
            row,
            title=_("Roll-out"),
            departments=departments,
            total=readiness.total(departments),
            exempt=readiness.people(row, "exempt").count(),
            reminders=row.reminders.annotate(mails_written=Count("mails")).order_by("-days"),
            may_stop=not row.has_come() and row.status in ("running", "done", "paused"),
        )

    def _act(self, request: SignedInRequest, row: Rollout) -> None:
        acts = {
            "carry_out": self._carry_out,
            "carry_on": self._carry_on,
            "pause": self._pause,
            "cancel": self._cancel,
            "resume": self._resume,
        }
        if act := acts.get(request.POST.get("act", "")):
            act(request, row)

    def _gone(self, request: HttpRequest) -> None:
        self.message_user(request, _("Somebody else was faster. This is how it is now."), messages.WARNING)

    def _carry_out(self, request: SignedInRequest, row: Rollout) -> None:
        version = request.POST.get("version", "")
        outcome, changed = rollouts.carry_out(
            row,
            request.user,
            version=int(version) if version.isdecimal() and len(version) < 9 else -1,
            knows="knows" in request.POST,
            address=clients.address(request),
        )
        match outcome:
            case rollouts.Outcome.GONE:
                self._gone(request)
            case rollouts.Outcome.WARN:
                text = _("You are among them yourself and have bound nothing. Tick that you know what follows.")
                self.message_user(request, text, messages.WARNING)
            case rollouts.Outcome.CHANGED:
                text = _(
                    "Nothing was done: people changed since the dry run (%(came)s came, %(gone)s went, for %(other)s "
                    "something else would be done). This is a new dry run."
                )
                numbers = {"came": changed.came, "gone": changed.gone, "other": changed.otherwise}
                self.message_user(request, text % numbers, messages.WARNING)

    def _carry_on(self, request: SignedInRequest, row: Rollout) -> None:
        if not rollouts.carry_on(row):
            self._gone(request)

    def _pause(self, request: SignedInRequest, row: Rollout) -> None:
        self._stopped(request, *rollouts.pause(row, request.user, clients.address(request)))

    def _cancel(self, request: SignedInRequest, row: Rollout) -> None:
        self._stopped(request, *rollouts.cancel(row, request.user, clients.address(request)))

    def _stopped(self, request: HttpRequest, outcome: rollouts.Outcome, people: int) -> None:
        if outcome == rollouts.Outcome.GONE:
            self._gone(request)
            return
        text = ngettext("Taken back for %(n)s person.", "Taken back for %(n)s people.", people)
        self.message_user(request, text % {"n": people}, messages.SUCCESS)

    def _resume(self, request: SignedInRequest, row: Rollout) -> None:
        if rollouts.resume(row, request.user) == rollouts.Outcome.GONE:
            self._gone(request)

    def mail(self, request: SignedInRequest, pk: int) -> HttpResponse:
        row = self._row(request, pk, change=request.method == "POST")
        days = ", ".join(str(reminder.days) for reminder in row.reminders.all())
        initial = {"days": days} | {name: getattr(row, name) for name in MailForm.WORDS}
        form = MailForm(request.POST or None, initial=initial)
        if form.is_valid():
            words = {name: form.cleaned_data[name] for name in MailForm.WORDS}
            rollouts.write(row, form.cleaned_data["days"], **words)
            text = _("Saved. The preview is below.")
            if "send" in request.POST:
                reminders.send_preview(row, request.user)
                text = _("Saved. Two previews are on their way to %(mailbox)s.") % {"mailbox": request.user}
            self.message_user(request, text, messages.SUCCESS)
            return redirect("admin:rollouts_rollout_mail", row.pk)
        previews = [
            (label, code, *row.letter(request.user, code, preview=True))
            for code, label in (("zh-hans", _("Chinese")), ("en", _("English")))
        ]
        return self._page(
            request,
            "mail",
            row,
            title=_("Reminder mails"),
            form=form,
            previews=previews,
            words=_what_words_stand_for(),
            reminders=row.reminders.annotate(mails_written=Count("mails")).order_by("-days"),
        )

    def people(self, request: SignedInRequest, pk: int) -> HttpResponse:
        row = self._row(request, pk)
        state, department = request.GET.get("state", ""), request.GET.get("department")
        pages = Paginator(readiness.people(row, state, department), PEOPLE_ON_A_PAGE)
        states = [("", _("all")), *((name, label) for name, label in _states() if name in readiness.STATES)]
        return self._page(
            request,
            "people",
            row,
            title=_("People of the roll-out"),
            page=pages.get_page(request.GET.get("p")),
            state=state,
            states=states,
            department=department,
        )


def _states() -> list[tuple[str, str]]:
    return [
        ("unbound", _("nothing bound")),
        ("old_programs", _("mail program with the mailbox password")),
        ("not_ready", _("not ready")),
        ("ready", _("ready")),
        ("reminded", _("got a reminder")),
        ("exempt", _("exempt")),
        ("earlier", _("had it already")),
    ]


def _what_words_stand_for() -> list[tuple[str, str]]:
    meanings = {
        "name": _("the person’s name"),
        "mailbox": _("the mailbox address"),
        "date": _("the day from which two-step is on"),
        "time": _("and the time"),
        "to_do": _("what this person still has to do, a line for each thing"),
        "portal": _("the address of this portal"),
        "contact": _("how to reach the IT office"),
        "institution": _("the name of the institution"),
    }
    return [(f"{{{word}}}", meanings[word]) for word in placeholders.WORDS]
