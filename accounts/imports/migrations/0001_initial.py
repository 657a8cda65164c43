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
            name='Roster',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('working', models.BooleanField(default=False)),
                ('failed', models.BooleanField(default=False, verbose_name='stopped by an error')),
                ('claim', models.CharField(blank=True, max_length=32)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('beat_at', models.DateTimeField(blank=True, null=True)),
                ('sweep_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('done', models.PositiveIntegerField(default=0, verbose_name='done')),
                ('total', models.PositiveIntegerField(default=0, verbose_name='people')),
                ('status', models.CharField(choices=[('checking', 'being checked'), ('checked', 'checked'), ('applying', 'being imported'), ('done', 'imported'), ('dropped', 'dropped')], default='checking', max_length=10, verbose_name='state')),
                ('name', models.CharField(max_length=200, verbose_name='file')),
                ('content', models.BinaryField(null=True)),
                ('language', models.CharField(max_length=10)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='set up')),
                ('address', models.CharField(blank=True, max_length=45)),
                ('version', models.CharField(blank=True, max_length=64)),
                ('report', models.JSONField(default=dict)),
                ('imported_at', models.DateTimeField(blank=True, null=True, verbose_name='imported at')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
            ],
            options={
                'verbose_name': 'import of people',
                'verbose_name_plural': 'imports of people',
                'ordering': ['-pk'],
            },
        ),
    ]
