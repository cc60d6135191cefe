"""What the tables need beyond tables: every account has its own sequence of shipment numbers.

Its own, because one sequence for all would tell each account how busy the others are.
"""

from sqlalchemy import DDL, event

from graphql_app.models.accounts import Account

CREATE_FUNCTION = """
CREATE OR REPLACE FUNCTION account_number_sequence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE SEQUENCE %I', 'shipment_number_' || replace(NEW.id::text, '-', ''));
    RETURN NULL;
END $$"""
CREATE_TRIGGER = """
CREATE TRIGGER account_number_sequence AFTER INSERT ON account
FOR EACH ROW EXECUTE FUNCTION account_number_sequence()"""
DEFAULT_ACCOUNT = "INSERT INTO account (slug, name) VALUES ('default', 'Default account')"

for statement in (CREATE_FUNCTION, CREATE_TRIGGER, DEFAULT_ACCOUNT):
    event.listen(Account.__table__, "after_create", DDL(statement.replace("%", "%%")))  # type: ignore[attr-defined]
