"""What workers do, in Celery's words, by subject. The rules are elsewhere; the queue carries nothing but row ids."""

from accounts.tasks import delivery, imports, jobs, log, office, rollouts

__all__ = ["delivery", "imports", "jobs", "log", "office", "rollouts"]
