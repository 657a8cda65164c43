"""The sites that sign people in through the portal."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.crypto import get_random_string
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.lib.seen import Seen
from accounts.log import events
from accounts.openid.models import SCOPES_OF_WEB, Application
from accounts.presses import once
from accounts.sessions import clients
from accounts.sessions.sessions import SignedInRequest
from portal.office.admin.light import LightAdmin

SECRET_LENGTH = 48


class ApplicationForm(Seen, forms.ModelForm[Application]):
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=list(settings.OAUTH2_PROVIDER["SCOPES"].items()),
        widget=forms.CheckboxSelectMultiple,
        initial=SCOPES_OF_WEB.split(),
        help_text=_("An application that may read and send mail opens the mailbox over IMAP and SMTP."),
    )
    new_secret = forms.BooleanField(
        label=_("Make a new secret"), required=False, help_text=_("The one that it has now stops working at once.")
    )

    class Meta:
        model = Application
        fields = ("name", "client_id", "client_type", "redirect_uris", "post_logout_redirect_uris",
                  "skip_authorization", "requires_pkce", "may_introspect")  # fmt: skip
        labels = {
            "name": pgettext_lazy("of a thing", "name"),
            "client_id": _("Client ID"),
            "client_type": _("kind of application"),
            "skip_authorization": _("trusted"),
            "redirect_uris": _("addresses that people come back to"),
            "post_logout_redirect_uris": _("addresses after signing out"),
        }
        help_texts = {
            "skip_authorization": _("People are not asked whether they allow it."),
            "redirect_uris": _("Whole addresses, one per line."),
            "post_logout_redirect_uris": _("Whole addresses, one per line."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A secret is never shown again: not in the form, nor as the default of a new one.
        self.instance.authorization_grant_type = Application.GRANT_AUTHORIZATION_CODE
        self.instance.algorithm = Application.RS256_ALGORITHM
        if self.instance.pk:
            self.initial["scopes"] = self.instance.scopes.split()

    def clean(self) -> dict[str, Any] | None:
        """Who is sent nobody needs no address to send them to."""
        if self.cleaned_data.get("may_introspect") and not self.cleaned_data.get("redirect_uris"):
            self.instance.authorization_grant_type = Application.GRANT_CLIENT_CREDENTIALS
        return super().clean()

    def clean_scopes(self) -> str:
        return " ".join(self.cleaned_data["scopes"])

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        self.instance.authorization_grant_type = Application.GRANT_AUTHORIZATION_CODE


class RegisteredFilter(admin.SimpleListFilter):
    title = _("registered itself")
    parameter_name = "registered"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", gettext("yes")), ("no", gettext("no"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Application]) -> QuerySet[Application]:
        source = Application.RegistrationSource.DCR
        if self.value() == "yes":
            return queryset.filter(registration_source=source)
        return queryset.exclude(registration_source=source) if self.value() == "no" else queryset


@admin.register(Application)
class ApplicationAdmin(LightAdmin):
    form = ApplicationForm
    list_display = ("called", "client", "trusted", "checks_tokens", "registered", "edited_at")
    list_filter = (RegisteredFilter,)
    view_on_site = False
    search_fields = ("name", "client_id")
    readonly_fields = ("created", "updated")
    fieldsets = (
        (None, {"fields": ("name", "client_id", "client_type", "scopes")}),
        (_("A site that people sign in to"), {
            "fields": ("redirect_uris", "post_logout_redirect_uris", "skip_authorization", "requires_pkce"),
        }),
        (_("A mail server that checks tokens"), {"fields": ("may_introspect",)}),
        (_("Secret"), {"fields": ("new_secret",)}),
    )  # fmt: skip

    @admin.display(description=pgettext_lazy("of a thing", "name"), ordering="name")
    def called(self, application: Application) -> str:
        return str(application.name)

    @admin.display(description=_("Client ID"), ordering="client_id")
    def client(self, row: Application) -> str:
        return str(row.client_id)

    @admin.display(description=_("trusted"), ordering="skip_authorization")
    def trusted(self, row: Application) -> str:
        return gettext("yes") if row.skip_authorization else "—"

    @admin.display(description=_("checks tokens"), ordering="may_introspect")
    def checks_tokens(self, row: Application) -> str:
        return gettext("yes") if row.may_introspect else "—"

    @admin.display(description=_("registered itself"), ordering="registered_from")
    def registered(self, row: Application) -> str:
        """From where, and whether anybody has let it in."""
        if not row.registered_itself:
            return "—"
        return gettext("from %(network)s") % {"network": row.registered_from} + (
            "" if row.used_at else gettext(", unused")
        )

    @admin.display(description=_("edited"), ordering="updated")
    def edited_at(self, row: Application) -> datetime:
        return row.updated  # type: ignore[no-any-return]

    def get_fieldsets(self, request: HttpRequest, obj: Application | None = None) -> Any:
        """A new application gets a secret in any case."""
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj else fieldsets[:-1]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        once.gone_on(request)
        return super().changelist_view(request, extra_context)

    def save_model(  # type: ignore[override]
        self, request: SignedInRequest, obj: Application, form: Any, change: bool
    ) -> None:
        if obj.client_type == Application.CLIENT_PUBLIC:
            obj.client_secret, obj.requires_pkce = "", True
        elif not change or form.cleaned_data["new_secret"]:
            request.new_secret = obj.client_secret = get_random_string(SECRET_LENGTH)  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)
        events.record(
            events.Kind.APPLICATION_EDITED,
            None,
            actor=request.user,
            address=clients.address(request),
            application=obj.client_id,
            fields=sorted(form.changed_data),
        )

    def delete_model(self, request: SignedInRequest, obj: Application) -> None:  # type: ignore[override]
        client_id = obj.client_id
        super().delete_model(request, obj)
        events.record(
            events.Kind.APPLICATION_EDITED, None, actor=request.user, address=clients.address(request),
            application=client_id, fields=["deleted"],
        )  # fmt: skip

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Its tokens go with it: nobody needs to see them listed, nor a permission for each kind."""
        return [str(obj) for obj in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []

    def response_add(
        self, request: HttpRequest, obj: Application, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._secret(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Application) -> HttpResponse:
        return self._secret(request, obj) or super().response_change(request, obj)

    def _secret(self, request: HttpRequest, obj: Application) -> HttpResponse | None:
        """In this response and in no other."""
        secret = getattr(request, "new_secret", None)
        if secret is None:
            return None
        context = self.admin_site.each_context(request) | {
            "title": _("The secret of %(name)s") % {"name": obj},
            "application": obj,
            "secret": secret,
            "opts": self.opts,
            "issuer": settings.PUBLIC_URL,
        }
        return once.show(TemplateResponse(request, "office/application_secret.html", context))
