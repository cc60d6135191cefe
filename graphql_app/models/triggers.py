"""Triggers, and the default account: inserting an account creates its own sequence of shipment numbers.

With one sequence for all accounts, an account could see how many shipments the others create.
"""

from sqlalchemy import DDL, event

from graphql_app.models.accounts import Account

CREATE_FUNCTION = """
CREATE OR REPLACE FUNCTION account_number_sequence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE SEQUENCE %I', 'shipment_number_' || replace(NEW.id::text, '-', ''));
    IF to_regrole('graphql_app_api') IS NOT NULL THEN
        EXECUTE format(
            'GRANT USAGE ON SEQUENCE %I TO graphql_app_api', 'shipment_number_' || replace(NEW.id::text, '-', '')
        );
    END IF;
    RETURN NULL;
END $$"""
CREATE_TRIGGER = """
CREATE TRIGGER account_number_sequence AFTER INSERT ON account
FOR EACH ROW EXECUTE FUNCTION account_number_sequence()"""
DEFAULT_ACCOUNT = "INSERT INTO account (slug, name) VALUES ('default', 'Default account')"

DROP_SEQUENCES = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relkind = 'S' AND relname ~ '^shipment_number_[0-9a-f]{32}$'
        AND relnamespace = current_schema()::regnamespace
    LOOP EXECUTE format('DROP SEQUENCE %I', name); END LOOP;
END $$"""

CREATE = (CREATE_FUNCTION, CREATE_TRIGGER, DEFAULT_ACCOUNT)
DROP = ("DROP FUNCTION account_number_sequence()", DROP_SEQUENCES)

for statement in CREATE:
    event.listen(Account.__table__, "after_create", DDL(statement.replace("%", "%%")))  # type: ignore[attr-defined]
