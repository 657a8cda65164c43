from django.db import models


class Press(models.Model):
    """The last form that a browser sent, and, sealed, what it was answered. Nothing in it can be read without the
    form and the browser's cookie."""

    browser = models.CharField(max_length=64, primary_key=True)
    digest = models.CharField(max_length=64)  # of all that was sent
    answer = models.BinaryField(null=True)  # none yet: it is being worked on
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"Press of {self.browser[:8]}"
