"""The SMS gateways: how each stands, switched off and on, and tested."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext, gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.codes import codes
from accounts.delivery import gateways
from accounts.delivery.models import Sms
from accounts.lib.seen import Seen
from accounts.log import events
from accounts.phones import phones
from accounts.routes import switches
from accounts.routes.models import ALL, Gateway
from accounts.sessions import clients
from accounts.sessions.gate.decorators import GET_OR_POST
from accounts.sessions.sessions import SignedInRequest
from accounts.users.permissions import right
from portal.office.admin.history import HistoryAdmin
from portal.office.desk.press import test_refusal_text
from portal.office.overview import channels

EVERY = "all"  # in addresses


class SwitchForm(Seen, forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


@admin.register(Gateway)
class GatewayAdmin(HistoryAdmin):
    """There is a page for each that the settings name, whether or not anything was said of it."""

    def get_urls(self) -> list[URLPattern]:
        shown: Callable[..., Any] = self.admin_site.admin_view(self.changelist_view)
        one: Callable[..., Any] = self.admin_site.admin_view(self.page)
        return [
            path("", shown, name="routes_gateway_changelist"),
            path("<slug:name>/", one, name="routes_gateway_page"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        standings = channels.all_of_them()
        context = self.admin_site.each_context(request) | {
            "title": self.opts.verbose_name_plural,
            "opts": self.opts,
            "standings": standings,
            "all_off": any(one.all_off for one in standings),
            "budgets": channels.budgets(),
            "routes": channels.routes(),
        }
        return TemplateResponse(request, "office/gateways/list.html", context)

    @method_decorator(require_http_methods(GET_OR_POST))
    def page(self, request: SignedInRequest, name: str) -> HttpResponse:
        """POST with `act`: off, on, or test."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if name != EVERY and name not in gateways.configured():
            raise Http404
        act = request.POST.get("act")
        if request.method == "POST" and not self.may_switch(request):
            raise PermissionDenied
        if act == "test" and name != EVERY:
            self._test(request, name)
            return redirect(request.path)
        form = SwitchForm(request.POST if act in ("on", "off") else None)
        if form.is_valid():
            self._switch(request, ALL if name == EVERY else name, act == "on", form.cleaned_data["reason"])
            return redirect(request.path)
        phone = phones.of(request.user)
        switch = Gateway.objects.filter(name=ALL if name == EVERY else name).select_related("switched_by").first()
        context = self.admin_site.each_context(request) | {
            "title": gettext("All SMS gateways") if name == EVERY else name,
            "opts": self.opts,
            "is_every": name == EVERY,
            "standing": next((one for one in channels.all_of_them() if one.name == name), None),
            "switch": switch,
            "is_on": switch is None or switch.is_on,
            "form": form,
            "may_switch": self.may_switch(request),
            "phone": phone.masked if phone else "",
        }
        return TemplateResponse(request, "office/gateways/gateway.html", context)

    def may_switch(self, request: HttpRequest) -> bool:
        return request.user.has_perm(right("change", Gateway))

    def _switch(self, request: SignedInRequest, name: str, on: bool, reason: str) -> None:
        if switches.switch(name, on=on, reason=reason, by=request.user, address=clients.address(request)):
            self.message_user(request, gettext("Done. It holds for every SMS from now on."), messages.SUCCESS)
        else:
            text = gettext("Nothing was done: somebody else was first. This is how it is now.")
            self.message_user(request, text, messages.WARNING)

    def _test(self, request: SignedInRequest, name: str) -> None:
        """An SMS without a code, to the clerk's own phone, through this gateway and no other."""
        phone = phones.of(request.user)
        if phone is None:
            self.message_user(request, gettext("Bind a phone to your own account first."), messages.WARNING)
            return
        language, address = get_language() or settings.LANGUAGE_CODE, clients.address(request)
        issued = codes.issue(
            request.user, str(phone.number), Sms.Purpose.TEST, "", address=address, language=language, via=name
        )
        if issued.sms is None:
            self.message_user(request, test_refusal_text(issued), messages.WARNING)
            return
        kind = events.Kind.TEST_SMS
        events.record(
            kind, request.user, actor=request.user, address=address, number=phone.masked, **events.because(name)
        )
        text = gettext("A test is on its way to %(number)s. The list of SMS shows what became of it.")
        self.message_user(request, text % {"number": phone.masked}, messages.SUCCESS)
