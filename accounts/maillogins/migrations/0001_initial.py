import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MailLogin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('protocol', models.CharField(max_length=10, verbose_name='protocol')),
                ('method', models.CharField(choices=[('app', 'app password'), ('mailbox', 'mailbox password'), ('token', 'webmail')], max_length=10, verbose_name='method')),
                ('count', models.PositiveIntegerField(default=0, verbose_name='logins')),
                ('last_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='last')),
                ('address', models.CharField(blank=True, max_length=45, verbose_name='address')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mail_logins', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'mail login',
                'verbose_name_plural': 'mail logins',
                'ordering': ['-day', '-last_at'],
                'indexes': [models.Index(fields=['day', 'protocol', 'method'], name='mail_logins_of_a_day')],
                'constraints': [models.UniqueConstraint(fields=('user', 'day', 'protocol', 'method'), name='one_count_a_day')],
            },
        ),
    ]
