"""Where else people may sign in, by the settings: one source, several, or none."""

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

CAS, OIDC = "cas", "oidc"


@dataclass(frozen=True)
class Source:
    slug: str
    label: str  # of its button


def all_of_them() -> list[Source]:
    default = _("Sign in with your institution’s account")
    found = []
    if settings.CAS_URL:
        found.append(Source(CAS, settings.CAS_LABEL or default))
    if settings.OIDC_UPSTREAM_ISSUER:
        found.append(Source(OIDC, settings.OIDC_UPSTREAM_LABEL or default))
    return found


def both_steps_since(slug: str, said: frozenset[tuple[str, str]] | None = None) -> date | None:
    """The day on which the office began to count a source as both steps. None: it is the password. `said`: of one
    sign-in; without it, whether there are such sign-ins at all."""
    rules = {
        CAS: (settings.CAS_BOTH_STEPS_SINCE, settings.CAS_BOTH_STEPS_WHEN),
        OIDC: (settings.OIDC_UPSTREAM_BOTH_STEPS_SINCE, settings.OIDC_UPSTREAM_BOTH_STEPS_WHEN),
    }
    since, when = rules.get(slug, (None, []))
    if since is None or since > timezone.localdate() or named(slug) is None:
        return None
    return since if said is None or not when or said & set(when) else None


def named(slug: str) -> Source | None:
    return next((source for source in all_of_them() if source.slug == slug), None)
