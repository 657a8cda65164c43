"""Whom a page of the sign-in is for: who is half-way, at this step of it, from where nobody is banned."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.sessions import halfway
from accounts.sessions.halfway import Candidate
from accounts.signin import entering
from accounts.users.ways import Way

Page = Callable[[HttpRequest, Candidate], HttpResponse]
View = Callable[[HttpRequest], HttpResponse]


def halfway_required(is_next: Callable[[Candidate], bool]) -> Callable[[Page], View]:
    """`is_next`: whether this page is what comes next for somebody. Whoever has another step to take is led to that."""

    def guard(page: Page) -> View:
        @wraps(page)
        def guarded(request: HttpRequest) -> HttpResponse:
            candidate = halfway.candidate(request)
            if candidate is None:
                return entering.start_again(request)
            if not is_next(candidate):
                return redirect(candidate.page)
            if candidate.banned_until:
                return entering.banned(request, candidate.banned_until)
            return page(request, candidate)

        return guarded

    return guard


def way_required(way: Way) -> Callable[[Page], View]:
    """The page on which the second step is taken by it."""
    return halfway_required(lambda candidate: candidate.help_code is None and way in candidate.ways)
