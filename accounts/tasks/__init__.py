"""What workers do, in Celery's words, by subject. The rules are elsewhere; the queue carries nothing but row ids."""

from accounts.tasks import (
    bans,
    browsers,
    delivery,
    imports,
    jobs,
    log,
    maillogins,
    office,
    openid,
    phones,
    rollouts,
    signin,
)

__all__ = [
    "bans",
    "browsers",
    "delivery",
    "imports",
    "jobs",
    "log",
    "maillogins",
    "office",
    "openid",
    "phones",
    "rollouts",
    "signin",
]
