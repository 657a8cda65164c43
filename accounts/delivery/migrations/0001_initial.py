import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('log', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SmsDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(unique=True)),
                ('codes', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Mail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(max_length=10, verbose_name='language')),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='asked for')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('status', models.CharField(choices=[('queued', 'waiting'), ('delayed', 'waiting longer than usual'), ('claimed', 'being sent'), ('sent', 'sent'), ('delivered', 'delivered'), ('failed', 'failed'), ('unknown', 'not known')], default='queued', max_length=10, verbose_name='what became of it')),
                ('tried', models.PositiveSmallIntegerField(default=0, verbose_name='tries to send')),
                ('sweep_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='next sweep')),
                ('claimed_at', models.DateTimeField(blank=True, null=True, verbose_name='claimed')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                ('delivered_at', models.DateTimeField(blank=True, null=True, verbose_name='delivered')),
                ('reason', models.CharField(blank=True, choices=[('number', 'This number does not get our SMS.'), ('office', 'The fault is on our side; the IT office is told.'), ('late', 'It was too late for it.')], max_length=10, verbose_name='reason')),
                ('error', models.CharField(blank=True, max_length=100, verbose_name='error')),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='log.securityevent', verbose_name='event')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'notice by mail',
                'verbose_name_plural': 'notices by mail',
                'ordering': ['-pk'],
                'abstract': False,
                'indexes': [models.Index(fields=['status', 'sweep_at'], name='mail_to_sweep')],
            },
        ),
        migrations.CreateModel(
            name='Sms',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(max_length=10, verbose_name='language')),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='asked for')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('status', models.CharField(choices=[('queued', 'waiting'), ('delayed', 'waiting longer than usual'), ('claimed', 'being sent'), ('sent', 'sent'), ('delivered', 'delivered'), ('failed', 'failed'), ('unknown', 'not known')], default='queued', max_length=10, verbose_name='what became of it')),
                ('tried', models.PositiveSmallIntegerField(default=0, verbose_name='tries to send')),
                ('sweep_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='next sweep')),
                ('claimed_at', models.DateTimeField(blank=True, null=True, verbose_name='claimed')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                ('delivered_at', models.DateTimeField(blank=True, null=True, verbose_name='delivered')),
                ('reason', models.CharField(blank=True, choices=[('number', 'This number does not get our SMS.'), ('office', 'The fault is on our side; the IT office is told.'), ('late', 'It was too late for it.')], max_length=10, verbose_name='reason')),
                ('error', models.CharField(blank=True, max_length=100, verbose_name='error')),
                ('number', models.CharField(db_index=True, max_length=16, verbose_name='number')),
                ('purpose', models.CharField(choices=[('sign_in', 'sign in'), ('bind', 'bind a phone'), ('change', 'change the phone: old number'), ('change_new', 'change the phone: new number'), ('unbind', 'unbind the phone'), ('confirm', 'confirm it is you'), ('notice_changed', 'notice: phone changed'), ('notice_unbound', 'notice: phone unbound'), ('notice_help', 'notice: help-desk code given'), ('test', 'test by the office')], max_length=16, verbose_name='purpose')),
                ('address', models.CharField(blank=True, max_length=43, verbose_name='address')),
                ('session', models.CharField(blank=True, max_length=32)),
                ('nonce', models.CharField(blank=True, max_length=32)),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='guesses')),
                ('used_at', models.DateTimeField(blank=True, null=True, verbose_name='used')),
                ('voided_at', models.DateTimeField(blank=True, null=True, verbose_name='voided')),
                ('gateway', models.CharField(blank=True, max_length=20, verbose_name='gateway')),
                ('gateway_id', models.CharField(blank=True, db_index=True, max_length=64, verbose_name="the gateway's number")),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'SMS',
                'verbose_name_plural': 'SMS',
                'ordering': ['-pk'],
                'abstract': False,
                'indexes': [models.Index(fields=['user', 'purpose', '-created_at'], name='sms_of_a_user'), models.Index(fields=['status', 'sweep_at'], name='sms_to_sweep')],
                'constraints': [models.CheckConstraint(condition=models.Q(('purpose__in', ['notice_changed', 'notice_unbound', 'notice_help', 'test']), models.Q(('nonce', ''), _negated=True), _connector='OR'), name='code_has_nonce'), models.CheckConstraint(condition=models.Q(('tries__lte', 100)), name='tries_are_few')],
            },
        ),
    ]
