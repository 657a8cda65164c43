import logging
from itertools import islice

from celery import shared_task

from accounts.audit import audit

logger = logging.getLogger(__name__)

FAULTS_TOLD = 20


@shared_task(name="log.verify", time_limit=3600, soft_time_limit=3590)
def verify() -> None:
    """Every night, for nobody runs the command by hand. An error is mailed to ADMINS."""
    faults = list(islice(audit.Audit().faults(), FAULTS_TOLD))
    if faults:
        logger.error("The security log is not whole. Run manage.py verify_events. %s", faults)
