"""Shared networks and those that are never banned, as the office edits them."""

from ipaddress import ip_network
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.bans import networks
from accounts.bans.models import KnownNetwork
from accounts.bans.where import places
from accounts.lib import series
from accounts.lib.seen import Seen
from accounts.sessions import clients
from accounts.sessions.sessions import SignedInRequest
from portal.office.admin.history import ShownLookups

GATEWAYS_SHOWN = 50


class NetworkForm(Seen, forms.ModelForm[KnownNetwork]):
    """What a network would mean is said before it is kept, and has to be agreed to."""

    agreed = forms.BooleanField(label=_("I know what this means"), required=False, widget=forms.HiddenInput)
    agreed_to = forms.CharField(label="", widget=forms.HiddenInput, required=False)

    class Meta:
        model = KnownNetwork
        fields = ("cidr", "kind", "note")

    def clean_cidr(self) -> str:
        network, refusal = networks.read(self.cleaned_data["cidr"])
        if refusal:
            raise ValidationError(refusal.label, params={"meant": network}, code=refusal.name.lower())
        return str(network)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not {"cidr", "kind"} <= data.keys() or not {"cidr", "kind"} & set(self.changed_data):
            return data
        network, kind = ip_network(data["cidr"]), KnownNetwork.Kind(data["kind"])
        if not (found := networks.consequences(network, kind, edited=self.instance.pk)):
            return data
        said = sentences(network, kind, found)
        # A tick is for what was read beside it, not for another network that was typed since.
        if not (data.get("agreed") and data.get("agreed_to") == "\n".join(said)):
            self.data = {name: self.data[name] for name in self.data if name != "agreed"}
            self.data |= {"agreed_to": "\n".join(said)}
            self.fields["agreed"].widget = forms.CheckboxInput()
            self.add_error("agreed", [*said, gettext("Tick this and save again.")])
        return data


def sentences(network: networks.AnyNetwork, kind: KnownNetwork.Kind, found: networks.Consequences) -> list[str]:
    said = []
    if found.is_wide:
        text = gettext(
            "%(network)s is large: passwords can be guessed from anywhere in it for as long as somebody likes."
            " Is there a smaller network that does?"
        )
        said.append(text % {"network": network})
    if found.bans:
        text = ngettext(
            "%(n)s ban in force ends with it: %(which)s.",
            "%(n)s bans in force end with it: %(which)s.",
            len(found.bans),
        )
        which = series.join(found.bans[:5]) + (" …" if len(found.bans) > 5 else "")
        said.append(text % {"n": len(found.bans), "which": which})
    for other in found.neighbours:
        if other.network == network:
            text = gettext("%(other)s is in the settings of the server too (%(kind)s); what is said here counts.")
        elif other.is_larger:
            text = gettext("It lies within %(other)s (%(kind)s). The narrower one decides: for %(network)s, this one.")
        else:
            text = gettext("%(other)s (%(kind)s) lies within it. The narrower one decides: %(other)s stays as it is.")
        said.append(text % {"other": other.network, "kind": other.kind.label, "network": network})
    return said


@admin.register(KnownNetwork)
class NetworkAdmin(ShownLookups):
    form = NetworkForm
    list_display = ("cidr", "kind", "note", "edited_by", "edited_at")
    list_filter = ("kind",)
    search_fields = ("cidr", "note")
    list_select_related = ("edited_by",)
    readonly_fields = ("created_by", "created_at", "edited_by", "edited_at")
    change_list_template = "admin/bans/knownnetwork/change_list.html"

    def get_fields(self, request: HttpRequest, obj: KnownNetwork | None = None) -> Any:
        edited = ("cidr", "kind", "note")
        if not self.has_change_permission(request, obj) and obj:
            return (*edited, *self.readonly_fields)
        return (*edited, "agreed", "agreed_to", *(self.readonly_fields if obj else ()))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        found = places.gateways()
        context = {
            "configured": settings.SHARED_NETWORKS,
            "gateways": found[:GATEWAYS_SHOWN],
            "gateway_count": len(found),
            "gateway_days": places.GATEWAY_WITHIN.days,
        }
        return super().changelist_view(request, (extra_context or {}) | context)

    def save_model(  # type: ignore[override]
        self, request: SignedInRequest, obj: KnownNetwork, form: NetworkForm, change: bool
    ) -> None:
        was = {name: form.initial[name] for name in form.changed_data if change and name in form.initial}
        ended = networks.keep(obj, by=request.user, address=clients.address(request), was=was)
        if ended:
            text = ngettext("%(n)s ban lifted.", "%(n)s bans lifted.", ended)
            self.message_user(request, text % {"n": ended}, messages.SUCCESS)

    def delete_model(self, request: SignedInRequest, obj: KnownNetwork) -> None:  # type: ignore[override]
        networks.drop(obj, by=request.user, address=clients.address(request))

    def delete_queryset(  # type: ignore[override]
        self, request: SignedInRequest, queryset: QuerySet[KnownNetwork]
    ) -> None:
        for known in queryset:
            networks.drop(known, by=request.user, address=clients.address(request))
