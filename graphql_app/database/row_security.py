"""Who may do what in the database: the second wall between accounts, below the account that stands in every statement.

Requests run as `ROLE`, which owns nothing. Row-level security shows it the rows of one account, the one that
`app.account` names, and without that none. What must look across accounts has a function for exactly that: whose a key
is, that a key was used, how far logs reach, what is too old to be kept. `SETTLE` brings a database to this state from
wherever it stands; it is run with every migration and at every start.

Where the owner of the tables can neither make nor assume the role, requests run as the owner: then row-level security
is forced upon owners too, and `app.across` is the one way past it, which connections for migrations, commands and
those functions go, and no connection of a request.
"""

from sqlalchemy import DDL, event
from sqlmodel import SQLModel

from graphql_app import models

_ = models  # the tables to which all this belongs

ROLE = "graphql_app_api"
CREATE = (
    """
CREATE OR REPLACE FUNCTION keys_by_hash(hashes bytea[]) RETURNS TABLE (
    hash bytea, id uuid, name text, scopes text[], expires_at timestamptz, account_id uuid, account text
) LANGUAGE sql STABLE SECURITY DEFINER BEGIN ATOMIC
    SELECT k.hash, k.id, k.name, k.scopes, k.expires_at, a.id, a.slug
    FROM api_key k JOIN account a ON a.id = k.account_id
    WHERE k.hash = ANY (hashes) AND k.revoked_at IS NULL;
END""",
    """
CREATE OR REPLACE FUNCTION default_account() RETURNS TABLE (id uuid, slug text, keyed boolean)
LANGUAGE sql STABLE SECURITY DEFINER BEGIN ATOMIC
    SELECT a.id, a.slug, EXISTS (SELECT FROM api_key) FROM account a WHERE a.slug = 'default';
END""",
    """
CREATE OR REPLACE FUNCTION keys_used(ids uuid[], moments timestamptz[]) RETURNS void
LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC
    UPDATE api_key k SET last_used_at = used.at FROM unnest(ids, moments) AS used (id, at)
    WHERE k.id = used.id AND (k.last_used_at IS NULL OR k.last_used_at < used.at);
END""",
    """
CREATE OR REPLACE FUNCTION change_heads(accounts uuid[])
RETURNS TABLE (account uuid, xid bigint, seq bigint, unsettled boolean)
LANGUAGE sql STABLE SECURITY DEFINER BEGIN ATOMIC
    SELECT w.account, head.xid::text::bigint, head.seq, newest.xid >= now.oldest
    FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS oldest) AS now
    CROSS JOIN unnest(accounts) AS w (account)
    CROSS JOIN LATERAL (
        SELECT c.xid FROM change c WHERE c.account_id = w.account ORDER BY c.xid DESC, c.seq DESC LIMIT 1
    ) AS newest
    LEFT JOIN LATERAL (
        SELECT c.xid, c.seq FROM change c WHERE c.account_id = w.account AND c.xid < now.oldest
        ORDER BY c.xid DESC, c.seq DESC LIMIT 1
    ) AS head ON true;
END""",
    """
CREATE OR REPLACE FUNCTION account_ids() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER BEGIN ATOMIC
    SELECT id FROM account;
END""",
    """
CREATE OR REPLACE FUNCTION sweep_changes(account uuid, age interval, bite integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC
    WITH oldest AS (
        SELECT xid, seq, at FROM change WHERE account_id = account ORDER BY xid, seq LIMIT bite
    ),
    last AS (
        SELECT xid, seq FROM oldest WHERE at < now() - age ORDER BY xid DESC, seq DESC LIMIT 1
    ),
    gone AS (
        DELETE FROM change c USING last WHERE c.account_id = account AND (c.xid, c.seq) < (last.xid, last.seq)
        RETURNING 1
    )
    SELECT count(*) FROM gone;
END""",
    """
CREATE OR REPLACE FUNCTION sweep_idempotency_keys(bite integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM idempotency_key WHERE (account_id, actor, operation, key) IN (
            SELECT account_id, actor, operation, key FROM idempotency_key WHERE expires_at < now() LIMIT bite
            FOR UPDATE SKIP LOCKED -- not one that a call is about to make its own and to keep its outcome under
        )
        RETURNING 1
    )
    SELECT count(*) FROM gone;
END""",
)
FUNCTIONS = {
    "keys_by_hash": "bytea[]",
    "default_account": "",
    "keys_used": "uuid[], timestamptz[]",
    "change_heads": "uuid[]",
    "account_ids": "",
    "sweep_changes": "uuid, interval, integer",
    "sweep_idempotency_keys": "integer",
}
DROP = tuple(f"DROP FUNCTION {name}({arguments})" for name, arguments in FUNCTIONS.items())

TABLES = {
    "account": "SELECT",
    "api_key": "SELECT, INSERT, UPDATE (revoked_at)",
    "carrier": "SELECT, INSERT, UPDATE",
    "carrier_status": "SELECT, INSERT, UPDATE, DELETE",
    "shipment": "SELECT, INSERT, UPDATE",
    "party": "SELECT, INSERT, UPDATE, DELETE",
    "shipment_reference": "SELECT, INSERT, UPDATE, DELETE",
    "package": "SELECT, INSERT, UPDATE",
    "shipment_item": "SELECT, INSERT, UPDATE, DELETE",
    "tracking_event": "SELECT, INSERT, UPDATE",
    "change": "SELECT, INSERT",
    "idempotency_key": "SELECT, INSERT, UPDATE",
    "alembic_version": "SELECT",
}
"""What requests may do. The change log only grows, and nothing that is told in it is ever deleted."""

LEAKPROOF = (
    "enum_eq(anyenum, anyenum)",
    *(f"numeric_{sign}(numeric, numeric)" for sign in ("lt", "le", "gt", "ge")),
    "arrayoverlap(anyarray, anyarray)",
    "arraycontains(anyarray, anyarray)",
    "jsonb_contains(jsonb, jsonb)",
    "ts_match_vq(tsvector, tsquery)",
    "to_tsvector(regconfig, text)",
    "textcat(text, text)",
)
"""What our indexes compare by. PostgreSQL looks into an index before it has checked the account only by functions that
are known to tell nothing of rows that are then hidden. These tell nothing, but only a superuser may say so."""


def listed(texts: object) -> str:
    """A list of texts in SQL."""
    return ", ".join(f"'{one}'" for one in texts)  # type: ignore[attr-defined]


# The policy is a CASE so that the planner takes it for a check of rows and not for a way to find them: indexes that
# begin with the account would be read where a key leads to a row, and estimates would count the account twice. Its
# SELECT is evaluated once a statement.
SETTLE = f"""
DO $settle$
DECLARE
    assumable boolean := false;
    superuser CONSTANT boolean := (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
    ours CONSTANT oid := current_schema()::regnamespace;
    one record;
BEGIN
    IF to_regrole('{ROLE}') IS NULL THEN
        BEGIN
            CREATE ROLE {ROLE} NOLOGIN;
        EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN NULL;
        END;
    END IF;
    IF to_regrole('{ROLE}') IS NOT NULL THEN
        IF NOT pg_has_role('{ROLE}', 'SET') THEN
            BEGIN
                GRANT {ROLE} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE;
            EXCEPTION WHEN insufficient_privilege THEN NULL;
            END;
        END IF;
        assumable := pg_has_role('{ROLE}', 'SET');
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO {ROLE}', current_schema());
        FOR one IN
            SELECT t.name, t.rights
            FROM (VALUES {", ".join(f"('{name}', '{rights}')" for name, rights in TABLES.items())}) AS t (name, rights)
            WHERE EXISTS (SELECT FROM pg_class WHERE relname = t.name AND relnamespace = ours)
        LOOP
            EXECUTE format('GRANT %s ON %I TO {ROLE}', one.rights, one.name);
        END LOOP;
        FOR one IN
            SELECT relname AS name FROM pg_class WHERE relkind = 'S' AND relnamespace = ours
            AND relname ~ '^shipment_number_' AND NOT has_sequence_privilege('{ROLE}', oid, 'USAGE')
        LOOP
            EXECUTE format('GRANT USAGE ON SEQUENCE %I TO {ROLE}', one.name);
        END LOOP;
    END IF;
    FOR one IN
        SELECT oid::regprocedure AS name FROM pg_proc
        WHERE pronamespace = ours AND proname IN ({listed(FUNCTIONS)})
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', one.name);
        IF to_regrole('{ROLE}') IS NOT NULL THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO {ROLE}', one.name);
        END IF;
    END LOOP;
    FOR one IN
        SELECT c.relname AS name, c.relrowsecurity AS secured, c.relforcerowsecurity AS forced, a.attname AS account,
            EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = 'own_account') AS own,
            EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = 'across') AS across
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            AND a.attname = CASE c.relname WHEN 'account' THEN 'id' ELSE 'account_id' END
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = ours
    LOOP
        IF NOT one.own THEN
            EXECUTE format('CREATE POLICY own_account ON %I USING '
                '(CASE WHEN %I = (SELECT nullif(current_setting(''app.account'', true), '''')::uuid) '
                'THEN true ELSE false END)', one.name, one.account);
        END IF;
        IF NOT one.secured THEN
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one.name);
        END IF;
        IF one.forced = assumable THEN
            EXECUTE format('ALTER TABLE %I %s FORCE ROW LEVEL SECURITY', one.name,
                CASE WHEN assumable THEN 'NO' ELSE '' END);
        END IF;
        IF one.across AND assumable THEN
            EXECUTE format('DROP POLICY across ON %I', one.name);
        ELSIF NOT one.across AND NOT assumable THEN
            EXECUTE format('CREATE POLICY across ON %I USING '
                '((SELECT current_setting(''app.across'', true)) = ''on'')', one.name);
        END IF;
    END LOOP;
    IF superuser THEN
        FOR one IN
            SELECT f::regprocedure AS name FROM unnest(ARRAY[{listed(LEAKPROOF)}]) AS f
            WHERE NOT (SELECT proleakproof FROM pg_proc WHERE oid = f::regprocedure)
        LOOP
            EXECUTE format('ALTER FUNCTION %s LEAKPROOF', one.name);
        END LOOP;
    END IF;
END $settle$"""

for statement in (*CREATE, SETTLE):
    event.listen(SQLModel.metadata, "after_create", DDL(statement.replace("%", "%%")))
