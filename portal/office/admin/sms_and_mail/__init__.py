"""What the portal sends, and by which gateway."""

from portal.office.admin.sms_and_mail import gateways, messages

__all__ = ["gateways", "messages"]
