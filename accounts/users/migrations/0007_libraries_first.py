from django.db import migrations


class Migration(migrations.Migration):
    """Changes nothing. Migrations of a library are done before there are many models: with each field that one alters,
    Django builds every model anew that has to do with it, which took half of the time of a first start."""

    dependencies = [
        ("accounts", "0006_parts"),
        ("oauth2_provider", "0022_refreshtoken_token_family_index"),
    ]

    operations = []
