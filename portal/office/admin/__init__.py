"""What the IT office sees and may do: a room for each job on its first page (portal/office/index.py). Nothing is added
or edited by hand but people; the rest is history."""

from portal.office.admin import departments, people, signins, sms_and_mail, system, two_step

__all__ = ["departments", "people", "signins", "sms_and_mail", "system", "two_step"]
