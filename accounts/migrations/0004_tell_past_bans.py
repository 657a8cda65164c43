from django.db import migrations
from django.db.models import Count, Max, Min, Q


def tell(apps, schema_editor):
    """Bans from before their story was kept with them, as far as their failures are still there."""
    Ban, Failure = apps.get_model('accounts', 'Ban'), apps.get_model('accounts', 'Failure')
    for ban in Ban.objects.filter(failure_count=0).iterator():
        failures = Failure.objects.filter(ban=ban).order_by()
        story = failures.aggregate(
            failure_count=Count('pk'),
            account_count=Count('account', distinct=True),
            unknown_count=Count('account', distinct=True, filter=Q(account__startswith='unknown ')),
            password_count=Count('password_digest', distinct=True),
            first_at=Min('at'),
            last_at=Max('at'),
        )
        if story['failure_count']:
            guesses = failures.values('account', 'password_digest').distinct().count()
            channels = ', '.join(sorted(failures.values_list('channel', flat=True).distinct()))
            Ban.objects.filter(pk=ban.pk).update(guess_count=guesses, channels=channels, **story)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_make_roles'),
    ]

    operations = [
        migrations.RunPython(tell, migrations.RunPython.noop),
    ]
