"""The security log is only added to, whoever speaks to the database. Two things pass: an event is given its place once,
and what the signed record of its beginning leaves out is removed.

SQLite drops triggers with the table when a migration rebuilds it: such a migration needs one like this after it.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from accounts.log import signatures

POSTGRESQL = [
    """
    CREATE FUNCTION log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF OLD.position <= (SELECT position FROM log_logend WHERE which = 'start') THEN
                RETURN OLD;
            END IF;
        ELSIF TG_OP = 'UPDATE' THEN
            IF OLD.position IS NULL AND NEW.position IS NOT NULL
                AND to_jsonb(OLD) - '{position,previous,seal}'::text[]
                  = to_jsonb(NEW) - '{position,previous,seal}'::text[] THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION 'the security log is only added to' USING ERRCODE = 'restrict_violation';
    END
    $$
    """,
    """
    CREATE TRIGGER log_stays BEFORE UPDATE OR DELETE ON log_securityevent
    FOR EACH ROW EXECUTE FUNCTION log_stays()
    """,
    """
    CREATE TRIGGER log_stays_whole BEFORE TRUNCATE ON log_securityevent
    FOR EACH STATEMENT EXECUTE FUNCTION log_stays()
    """,
]
POSTGRESQL_BACK = [
    "DROP TRIGGER log_stays ON log_securityevent",
    "DROP TRIGGER log_stays_whole ON log_securityevent",
    "DROP FUNCTION log_stays()",
]

SQLITE = [
    """
    CREATE TRIGGER log_stays BEFORE DELETE ON log_securityevent
    WHEN OLD.position IS NULL
        OR NOT EXISTS (SELECT 1 FROM log_logend WHERE which = 'start' AND position >= OLD.position)
    BEGIN SELECT RAISE(ABORT, 'the security log is only added to'); END
    """,
    """
    CREATE TRIGGER log_stays_as_written BEFORE UPDATE OF
        id, at, kind, user_id, username, actor_id, actor_name, address, detail, nonce, mark ON log_securityevent
    BEGIN SELECT RAISE(ABORT, 'the security log is only added to'); END
    """,
    """
    CREATE TRIGGER log_stays_in_place BEFORE UPDATE ON log_securityevent
    WHEN OLD.position IS NOT NULL OR NEW.position IS NULL
    BEGIN SELECT RAISE(ABORT, 'the security log is only added to'); END
    """,
]
SQLITE_BACK = [
    "DROP TRIGGER log_stays",
    "DROP TRIGGER log_stays_as_written",
    "DROP TRIGGER log_stays_in_place",
]


def run(postgresql, sqlite):
    def migrate(apps, schema_editor):
        for statement in {"postgresql": postgresql, "sqlite": sqlite}[schema_editor.connection.vendor]:
            schema_editor.execute(statement, params=None)

    return migrate


def begin(apps, schema_editor):
    """The log has an end from here on: if it is missing one day, somebody removed it."""
    now = django.utils.timezone.now()
    apps.get_model("log", "LogEnd").objects.create(
        which="end", position=0, seal="", at=now, signature=signatures.end("end", 0, "", now)
    )


def unbegin(apps, schema_editor):
    apps.get_model("log", "LogEnd").objects.all().delete()


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LogEnd',
            fields=[
                ('which', models.CharField(choices=[('start', 'Start'), ('end', 'End')], max_length=5, primary_key=True, serialize=False)),
                ('position', models.BigIntegerField()),
                ('seal', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
                ('signature', models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='SecurityEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='time')),
                ('kind', models.CharField(choices=[('signed_in', 'signed in'), ('signed_out', 'signed out'), ('refused', 'wrong password'), ('code_wrong', 'wrong code'), ('codes_paused', 'codes paused after too many wrong ones'), ('confirmed', 'confirmed with a code'), ('banned', 'address banned'), ('ban_lifted', 'ban lifted'), ('phone_bound', 'phone bound'), ('phone_changed', 'phone changed'), ('phone_unbound', 'phone unbound'), ('browser_trusted', 'browser trusted'), ('browsers_forgotten', 'trusted browsers forgotten'), ('password_changed', 'mailbox password changed'), ('app_password_created', 'app password made'), ('app_password_removed', 'app password removed'), ('application_opened', 'went on to another site'), ('application_edited', 'application edited'), ('bare_name', 'mail program without the whole address'), ('account_edited', 'account edited by the office'), ('network_edited', 'known network edited'), ('role_edited', 'role edited'), ('two_step_set', 'two-step switched on'), ('two_step_off', 'two-step switched off'), ('two_step_taken_back', 'date of two-step taken back'), ('exempted', 'excepted from two-step'), ('exemption_ended', 'exception from two-step ended'), ('rolled_out', 'roll-out carried out'), ('rollout_stopped', 'roll-out paused or cancelled'), ('person_imported', 'added or edited by an import'), ('people_imported', 'people imported'), ('people_exported', 'people exported'), ('sessions_ended', 'signed out everywhere'), ('pause_ended', 'pause of codes ended'), ('test_sms', 'test SMS sent'), ('help_code_issued', 'help-desk code given'), ('help_code_used', 'help-desk code entered'), ('number_seen', 'whole phone number looked at'), ('not_me', '“not me” said'), ('log_exported', 'security log exported'), ('log_cut', 'old part of the security log removed')], max_length=30, verbose_name='what')),
                ('username', models.CharField(blank=True, max_length=254, verbose_name='mailbox address')),
                ('actor_name', models.CharField(blank=True, max_length=254, verbose_name='done by (address)')),
                ('address', models.CharField(blank=True, max_length=45, verbose_name='address')),
                ('detail', models.JSONField(blank=True, default=dict, verbose_name='details')),
                ('nonce', models.CharField(blank=True, editable=False, max_length=32)),
                ('signature', models.CharField(blank=True, editable=False, max_length=64)),
                ('position', models.BigIntegerField(editable=False, null=True, unique=True, verbose_name='position')),
                ('previous', models.CharField(blank=True, editable=False, max_length=64)),
                ('seal', models.CharField(blank=True, editable=False, max_length=64, verbose_name='seal')),
                ('actor', models.ForeignKey(blank=True, db_constraint=False, help_text='Empty: the owner.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='done by')),
                ('user', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'security event',
                'verbose_name_plural': 'security log',
                'ordering': ['-pk'],
                'permissions': [('export_securityevent', 'Can export the security log')],
                'indexes': [models.Index(fields=['user', '-at'], name='events_of_a_user'), models.Index(condition=models.Q(('position', None)), fields=['id'], name='events_to_seal')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('nonce', ''), _negated=True), fields=('nonce',), name='one_event_a_nonce')],
            },
        ),
        migrations.RunPython(begin, unbegin),
        migrations.RunPython(run(POSTGRESQL, SQLITE), run(POSTGRESQL_BACK, SQLITE_BACK)),
    ]
