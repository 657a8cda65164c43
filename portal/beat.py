"""What starts things every few seconds goes on when its clock is set back."""

from typing import Any

from celery import beat


class Scheduler(beat.Scheduler):
    """Celery's counts from when it last started something: an hour back, and nothing would be swept for an hour."""

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        for entry in self.schedule.values():
            if entry.last_run_at > (now := entry.default_now()):
                entry.last_run_at, self._heap = now, None
        return super().tick(*args, **kwargs)
