"""What the pages of app passwords ask for before they open."""

from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from accounts.sessions.gate.decorators import View
from accounts.sessions.sessions import SignedInRequest
from accounts.users import ways


def second_step_required(view: View) -> View:
    @wraps(view)
    def guarded(request: SignedInRequest, **wired: Any) -> HttpResponse:
        if not ways.of(request.user):
            return render(request, "apppasswords/second_step_needed.html")
        return view(request, **wired)

    return guarded
