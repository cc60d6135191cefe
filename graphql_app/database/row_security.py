"""Row-level security and privileges: they separate the accounts a second time, besides each statement's account filter.

Requests run as the role `ROLE`, which owns nothing. Row-level security shows it only the rows of the account that the
setting `app.account` names, and no rows without that setting. Queries that must see all accounts are functions with
one purpose each: find an API key by its hash, save when keys were used, query the heads of change logs, delete what
exceeds its retention. `PRIVILEGES_SQL` brings a database from any state to this one; it runs with every migration and
at every start.

If the owner of the tables can neither create the role nor assume it, requests run as the owner. Then row-level security
is forced on owners too (`force_sql`), and the setting `app.bypass_account_scope` is the only exception. Connections for
migrations and commands and those that only call the functions above use it; connections of requests never do.
"""

from collections.abc import Iterable

from sqlalchemy import DDL, event
from sqlmodel import SQLModel

from graphql_app import models
from graphql_app.database import change_log_sql, rollup_sql

_ = models  # importing it registers the tables

ROLE = "graphql_app_api"
"""The role of requests."""

CREATE = (
    *change_log_sql.CREATE,
    *rollup_sql.CREATE,
    """
CREATE OR REPLACE FUNCTION api_keys_by_hash(hashes bytea[]) RETURNS TABLE (
    hash bytea, id uuid, name text, scopes text[], expires_at timestamptz, account_id uuid, account text
) LANGUAGE sql STABLE SECURITY DEFINER BEGIN ATOMIC
    SELECT k.hash, k.id, k.name, k.scopes, k.expires_at, a.id, a.slug
    FROM api_key k JOIN account a ON a.id = k.account_id
    WHERE k.hash = ANY (hashes) AND k.revoked_at IS NULL;
END""",
    """
CREATE OR REPLACE FUNCTION default_account() RETURNS TABLE (id uuid, slug text, has_keys boolean)
LANGUAGE sql STABLE SECURITY DEFINER BEGIN ATOMIC
    SELECT a.id, a.slug, EXISTS (SELECT FROM api_key) FROM account a WHERE a.slug = 'default';
END""",
    """
CREATE OR REPLACE FUNCTION api_keys_set_last_used(ids uuid[], seconds_ago double precision[]) RETURNS void
LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC
    UPDATE api_key k SET last_used_at = used.minute
    FROM (
        SELECT u.id, date_trunc('minute', now() - make_interval(secs => u.seconds_ago)) AS minute
        FROM unnest(ids, seconds_ago) AS u (id, seconds_ago)
    ) AS used
    WHERE k.id = used.id AND (k.last_used_at IS NULL OR k.last_used_at < used.minute);
END""",
    """
CREATE OR REPLACE FUNCTION account_ids() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER BEGIN ATOMIC
    SELECT id FROM account;
END""",
    """
CREATE OR REPLACE FUNCTION idempotency_keys_delete_expired(batch_size integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC
    WITH deleted AS (
        DELETE FROM idempotency_key WHERE (account_id, actor, operation, key) IN (
            SELECT account_id, actor, operation, key FROM idempotency_key WHERE expires_at < now() LIMIT batch_size
            FOR UPDATE SKIP LOCKED -- not a key that a call is about to claim again
        )
        RETURNING 1
    )
    SELECT count(*) FROM deleted;
END""",
)
"""All functions of the role. Those for all accounts run with the privileges of the owner (SECURITY DEFINER)."""

FUNCTIONS = {
    **change_log_sql.FUNCTIONS,
    **rollup_sql.FUNCTIONS,
    "api_keys_by_hash": "bytea[]",
    "default_account": "",
    "api_keys_set_last_used": "uuid[], double precision[]",
    "account_ids": "",
    "idempotency_keys_delete_expired": "integer",
}
"""Names of these functions → types of their arguments."""

DROP = tuple(f"DROP FUNCTION {name}({arguments})" for name, arguments in reversed(FUNCTIONS.items()))

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
    "shipment_search": "SELECT, INSERT, UPDATE",
    "tracking_event": "SELECT, INSERT, UPDATE",
    "change": "SELECT, INSERT",
    "change_log_state": "SELECT",
    "idempotency_key": "SELECT, INSERT, UPDATE",
    **rollup_sql.TABLES,
    "alembic_version": "SELECT",
}
"""Privileges of requests for each table. They can neither change nor delete rows of the change log, and delete nothing
that the change log refers to."""

LEAKPROOF = (
    *(f"enum_{sign}(anyenum, anyenum)" for sign in ("eq", "lt", "le", "gt", "ge")),
    *(f"numeric_{sign}(numeric, numeric)" for sign in ("lt", "le", "gt", "ge")),
    "arrayoverlap(anyarray, anyarray)",
    "arraycontains(anyarray, anyarray)",
    "jsonb_contains(jsonb, jsonb)",
    "ts_match_vq(tsvector, tsquery)",
)
"""Functions that are marked LEAKPROOF if the current user is a superuser, so that filters can use indexes.

Row-level security checks the account of a row before any other condition, unless the condition's function is
LEAKPROOF: it reveals nothing about hidden rows. A condition with any other function cannot use an index. These
functions reveal nothing either, but PostgreSQL does not mark them, and only a superuser can."""


def quoted_list(texts: Iterable[str]) -> str:
    """Return texts as a list of SQL literals."""
    return ", ".join(f"'{text}'" for text in texts)


TABLE_ROWS = ", ".join(f"('{name}', '{privileges}')" for name, privileges in TABLES.items())

# The policy is a CASE, so that the planner uses it to check rows and never to search an index. Otherwise it would
# prefer an index that begins with the account even where a foreign key identifies the row, and its estimates would
# count the condition on the account twice. The SELECT in the policy is evaluated once per statement.
PRIVILEGES_SQL = f"""
DO $privileges$
DECLARE
    superuser CONSTANT boolean := (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
    app_schema CONSTANT oid := current_schema()::regnamespace;
    item record;
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
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO {ROLE}', current_schema());
        FOR item IN
            SELECT t.name, t.privileges
            FROM (VALUES {TABLE_ROWS}) AS t (name, privileges)
            WHERE EXISTS (SELECT FROM pg_class WHERE relname = t.name AND relnamespace = app_schema)
        LOOP
            EXECUTE format('GRANT %s ON %I TO {ROLE}', item.privileges, item.name);
        END LOOP;
        FOR item IN
            SELECT relname AS name FROM pg_class WHERE relkind = 'S' AND relnamespace = app_schema
            AND relname ~ '^shipment_number_' AND NOT has_sequence_privilege('{ROLE}', oid, 'USAGE')
        LOOP
            EXECUTE format('GRANT USAGE ON SEQUENCE %I TO {ROLE}', item.name);
        END LOOP;
    END IF;
    FOR item IN
        SELECT oid::regprocedure AS name FROM pg_proc
        WHERE pronamespace = app_schema AND proname IN ({quoted_list(FUNCTIONS)})
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', item.name);
        IF to_regrole('{ROLE}') IS NOT NULL THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO {ROLE}', item.name);
        END IF;
    END LOOP;
    FOR item IN
        SELECT c.relname AS name, c.relrowsecurity AS secured, a.attname AS account,
            EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = 'own_account') AS has_policy
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            AND a.attname = CASE c.relname WHEN 'account' THEN 'id' ELSE 'account_id' END
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = app_schema
    LOOP
        IF NOT item.has_policy THEN
            EXECUTE format('CREATE POLICY own_account ON %I USING '
                '(CASE WHEN %I = (SELECT nullif(current_setting(''app.account'', true), '''')::uuid) '
                'THEN true ELSE false END)', item.name, item.account);
        END IF;
        IF NOT item.secured THEN
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', item.name);
        END IF;
    END LOOP;
    IF superuser THEN
        FOR item IN
            SELECT f::regprocedure AS name FROM unnest(ARRAY[{quoted_list(LEAKPROOF)}]) AS f
            WHERE NOT (SELECT proleakproof FROM pg_proc WHERE oid = f::regprocedure)
        LOOP
            EXECUTE format('ALTER FUNCTION %s LEAKPROOF', item.name);
        END LOOP;
    END IF;
END $privileges$"""


def force_sql(*, forced: bool) -> str:
    """Return the statement that applies row-level security to the owner of the tables too, or only to other roles.

    If forced, the policy `bypass_account_scope` lets the owner see all accounts on connections with that setting.
    """
    return f"""
DO $force$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT c.relname AS name, c.relforcerowsecurity AS forced,
            EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = 'bypass_account_scope') AS bypassed
        FROM pg_class c WHERE c.relrowsecurity AND c.relnamespace = current_schema()::regnamespace
    LOOP
        IF item.bypassed AND NOT {forced} THEN
            EXECUTE format('DROP POLICY bypass_account_scope ON %I', item.name);
        ELSIF NOT item.bypassed AND {forced} THEN
            EXECUTE format('CREATE POLICY bypass_account_scope ON %I USING '
                '((SELECT current_setting(''app.bypass_account_scope'', true)) = ''on'')', item.name);
        END IF;
        IF item.forced <> {forced} THEN
            EXECUTE format('ALTER TABLE %I {"" if forced else "NO"} FORCE ROW LEVEL SECURITY', item.name);
        END IF;
    END LOOP;
END $force$"""


for statement in (*CREATE, change_log_sql.FIRST_EPOCH, PRIVILEGES_SQL):
    event.listen(SQLModel.metadata, "after_create", DDL(statement.replace("%", "%%")))
