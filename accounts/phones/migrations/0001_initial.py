import django.db.models.deletion
import django.utils.timezone
import phonenumber_field.modelfields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Phone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The human-readable name of this device.', max_length=64)),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('number', phonenumber_field.modelfields.PhoneNumberField(max_length=128, region=None, verbose_name='number')),
                ('slot', models.PositiveSmallIntegerField(default=1, editable=False)),
                ('bound_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='bound')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='phone', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'phone',
                'verbose_name_plural': 'phones',
            },
        ),
        migrations.CreateModel(
            name='HelpCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ordinal', models.PositiveIntegerField()),
                ('digest', models.CharField(max_length=64)),
                ('nonce', models.CharField(max_length=32)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='given')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='guesses')),
                ('used_at', models.DateTimeField(blank=True, null=True, verbose_name='used')),
                ('voided_at', models.DateTimeField(blank=True, null=True, verbose_name='voided')),
                ('issued_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='given by')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('phone', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='phones.phone')),
            ],
            options={
                'verbose_name': 'help-desk code',
                'verbose_name_plural': 'help-desk codes',
                'ordering': ['-pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='phone',
            constraint=models.UniqueConstraint(fields=('number', 'slot'), name='one_mailbox_a_slot'),
        ),
        migrations.AddConstraint(
            model_name='helpcode',
            constraint=models.UniqueConstraint(fields=('phone', 'ordinal'), name='one_help_code_an_ordinal'),
        ),
    ]
