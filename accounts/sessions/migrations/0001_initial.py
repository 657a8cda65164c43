import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('browsers', '0001_initial'),
        ('phones', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Authorization',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('session', models.CharField(db_index=True, max_length=32)),
                ('auth_hash', models.CharField(max_length=64)),
                ('signed_in_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(db_index=True)),
                ('browser', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='browsers.trustedbrowser')),
                ('phone', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='phones.phone')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
