"""What the IT office sees and may do: a room for each job on its first page (portal/office/index.py). Nothing is added
or edited by hand but people; the rest is history."""

from portal.office import index
from portal.office.admin import people, signins, sms_and_mail, system, two_step

__all__ = ["people", "signins", "sms_and_mail", "system", "two_step"]

index.name_apps()
