from typing import Any

from django.db import migrations

# What most logins of mail programs need of PostgreSQL, in one round trip: everything that is known of one, as the
# statement of apppasswords/maillogin/facts.py finds it, and its failure counted, as those of accounts/bans/failures.py
# do, if it is far from a ban. What the answer is, says decision.py; what is not counted here, counts failures.py.
#
# It is never edited: whoever needs another one gives it another number, and a release later this one goes.
FUNCTION = """
CREATE OR REPLACE FUNCTION mailkey_login_1(
    -- of the login
    moment timestamptz,
    name text,                      -- of the mailbox, or empty
    stranger text,                  -- under which failures of a name that is nobody's are kept
    has_password boolean,
    may_count boolean,
    digests text[],                 -- of what may be an app password
    guesses text[],                 -- of the password, as failures keep it; that of today first
    channel_ text,
    -- of its address
    networks text[],                -- it, or of IPv6 its /64, /56 and /48
    place text,                     -- where it stands among all addresses
    wide_ends text[],               -- first and last address of the /56, of the /48
    first_ text,                    -- where its /64 begins
    shared_bits integer,            -- of the network that the settings call shared; -1: none
    is_asker boolean,               -- a mail server's own
    -- of the settings
    ban_after integer, ban_shared_after integer, ban_56_after integer, ban_48_after integer,
    failure_lifetime interval, gateway_accounts integer, gateway_within interval,
    -- what is found
    OUT banned_until timestamptz, OUT has_failures boolean,
    OUT user_id_ bigint, OUT is_active_ boolean, OUT two_step_from_ timestamptz,
    OUT password_id bigint, OUT made_at timestamptz, OUT last_used_at_ timestamptz,
    OUT scope_ text, OUT networks_ text, OUT ends_at_ timestamptz, OUT idle_days_ integer,
    OUT place_at timestamptz, OUT kind_ text, OUT is_counted boolean
) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    network_ CONSTANT text := networks[1];
    since CONSTANT timestamptz := moment - failure_lifetime;
    account_ text := name;
    ownership bigint;
    cidr_ text;
    is_shared boolean := is_asker;
    is_repeat boolean;
    waits_for text;
    of_all integer;
    of_account integer;
BEGIN
    is_counted := false;
    SELECT max(b.until) INTO banned_until FROM bans_ban AS b
    WHERE b.network = ANY (networks) AND b.until > moment AND b.lifted_at IS NULL AND b.account IN ('', name);

    SELECT u.id, u.is_active, u.two_step_from INTO user_id_, is_active_, two_step_from_
    FROM accounts_user AS u WHERE u.username = name;

    IF banned_until IS NULL AND is_active_ AND digests <> '{}' THEN
        SELECT p.id, p.created_at, p.last_used_at, p.scope, p.networks, p.ends_at, p.idle_days, p.ownership_id
        INTO password_id, made_at, last_used_at_, scope_, networks_, ends_at_, idle_days_, ownership
        FROM apppasswords_apppassword AS p WHERE p.user_id = user_id_ AND p.digest = ANY (digests);
        -- Of a department mailbox, no app password of somebody who is disabled.
        IF ownership IS NOT NULL THEN
            PERFORM 1 FROM owners_ownership AS held JOIN accounts_user AS holder ON holder.id = held.owner_id
            WHERE held.id = ownership AND holder.is_active;
            IF NOT FOUND THEN
                password_id := NULL;
            END IF;
        END IF;
        IF password_id IS NOT NULL THEN
            SELECT EXISTS (SELECT 1 FROM bans_failure AS f
                           WHERE f.network = network_ AND f.account = name AND f.cleared_at IS NULL AND f.ban_id IS NULL),
                   (SELECT o.last_at FROM bans_place AS o WHERE o.user_id = user_id_ AND o.network = network_)
            INTO has_failures, place_at;
            RETURN;
        END IF;
    END IF;

    -- Refused, or banned: what the address is. Of the networks that hold it the narrowest decides; of two that are
    -- alike, the one that is edited.
    SELECT k.cidr, k.kind INTO cidr_, kind_ FROM bans_knownnetwork AS k
    WHERE k.first <= place AND k.last >= place ORDER BY k.first DESC, k.last LIMIT 1;
    IF shared_bits >= 0 AND (cidr_ IS NULL OR split_part(cidr_, '/', 2)::integer < shared_bits) THEN
        kind_ := 'shared';
    END IF;

    -- Counted are names that are nobody's, the disabled, and whose mailbox password opens nothing. Where nobody is
    -- banned, and who is, failures.py decides about.
    IF banned_until IS NOT NULL OR kind_ = 'never' OR NOT may_count THEN
        RETURN;
    END IF;
    IF is_active_ AND has_password AND (two_step_from_ > moment) IS NOT FALSE THEN
        RETURN;
    END IF;

    IF user_id_ IS NULL THEN
        account_ := stranger;
    END IF;
    IF kind_ = 'shared' THEN
        is_shared := true;
    ELSIF NOT is_shared THEN  -- several accounts got in from there lately
        SELECT count(*) >= gateway_accounts INTO is_shared FROM (
            SELECT 1 FROM bans_place AS o WHERE o.network = network_ AND o.last_at > moment - gateway_within
            LIMIT gateway_accounts) AS accounts;
    END IF;

    -- Until the commit, failures of the widest network that they count for wait for each other. What one sees from
    -- here on is what was committed before it.
    waits_for := networks[CASE WHEN is_shared THEN 1 ELSE cardinality(networks) END];
    PERFORM 1 FROM bans_network AS n WHERE n.network = waits_for FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO bans_network AS n (network) VALUES (waits_for)
        ON CONFLICT (network) DO UPDATE SET network = excluded.network;
    END IF;

    -- The ban that one of them brought.
    PERFORM 1 FROM bans_ban AS b
    WHERE b.network = ANY (networks) AND b.until > moment AND b.lifted_at IS NULL AND b.account IN ('', account_);
    IF FOUND THEN
        RETURN;
    END IF;
    -- In a shared network those that banned one account count for the whole address; and an old phone that repeats
    -- itself there guesses nothing new.
    SELECT count(*) FILTER (WHERE f.ban_id IS NULL OR is_shared),
           count(*) FILTER (WHERE f.ban_id IS NULL AND f.account = account_),
           bool_or(f.account = account_ AND f.password_digest = ANY (guesses) AND (f.ban_id IS NULL OR EXISTS (
               SELECT 1 FROM bans_ban AS its
               WHERE its.id = f.ban_id AND its.lifted_at IS NULL AND its.account <> '')))
    INTO of_all, of_account, is_repeat
    FROM bans_failure AS f WHERE f.network = network_ AND f.cleared_at IS NULL AND f.at > since;
    IF of_account >= ban_after - 1 OR of_all >= (CASE WHEN is_shared THEN ban_shared_after ELSE ban_after END) - 1 THEN
        RETURN;
    END IF;
    IF NOT is_shared AND cardinality(networks) > 1 THEN
        PERFORM 1 WHERE
            (SELECT count(*) FROM bans_failure AS f WHERE f.first >= wide_ends[1] AND f.first <= wide_ends[2]
             AND f.cleared_at IS NULL AND f.is_guess AND f.at > since) < ban_56_after - 1
            AND (SELECT count(*) FROM bans_failure AS f WHERE f.first >= wide_ends[3] AND f.first <= wide_ends[4]
                 AND f.cleared_at IS NULL AND f.is_guess AND f.at > since) < ban_48_after - 1;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    INSERT INTO bans_failure (network, account, first, password_digest, channel, at, is_guess)
    VALUES (network_, account_, first_, guesses[1], channel_, moment, is_repeat IS NOT TRUE);
    is_counted := true;
END $$
"""


def make(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION, params=None)


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS mailkey_login_1")


class Migration(migrations.Migration):
    phase = "expand"

    dependencies = [
        ("accounts", "0006_parts"),
        ("apppasswords", "0008_ownership"),
        ("bans", "0003_places_known_so_far"),
        ("owners", "0001_initial"),
    ]

    operations = [migrations.RunPython(make, drop)]
