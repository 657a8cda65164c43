"""我的数据: what is kept of who is in, and a copy of it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.lib import clock
from accounts.sessions import clients
from accounts.sessions.gate.decorators import GET_OR_POST, fresh_code_required
from accounts.sessions.sessions import SignedInRequest
from portal.mydata import copies
from portal.mydata.parts import PARTS


@require_http_methods(GET_OR_POST)
@fresh_code_required
def my_data(request: SignedInRequest) -> HttpResponse:
    """POST gives the copy."""
    if request.method == "POST":
        if copies.claim(request.user, address=clients.address(request)):
            name = f"mailkey-{clock.in_file_name(timezone.now())}.zip"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return HttpResponse(copies.write(request.user), "application/zip", headers=headers)
        messages.error(request, _("You have taken a copy several times today. Please come back tomorrow."))
    return render(request, "mydata/my_data.html", {"parts": PARTS})
