"""What the pages of app passwords ask for before they open."""

from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from accounts.phones import phones
from accounts.sessions.decorators import View
from accounts.sessions.sessions import SignedInRequest


def phone_required(view: View) -> View:
    @wraps(view)
    def guarded(request: SignedInRequest, **wired: Any) -> HttpResponse:
        if phones.of(request.user) is None:
            return render(request, "apppasswords/phone_needed.html")
        return view(request, **wired)

    return guarded
