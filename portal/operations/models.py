from django.db import models


class Heartbeat(models.Model):
    """When a worker of this machine last took something from this queue. The beat puts it there."""

    queue = models.CharField(max_length=50)
    host = models.CharField(max_length=200)
    at = models.DateTimeField()
    ahead = models.FloatField(default=0)  # seconds, of the machine's clock before the database's

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "host"], name="one_heartbeat_a_queue_and_host")]

    def __str__(self) -> str:
        return f"{self.queue} at {self.host}"
