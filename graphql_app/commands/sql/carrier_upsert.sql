-- Creates or updates a carrier by its code. `old` and `new` in RETURNING (PostgreSQL 18) are the row before and after.
INSERT INTO carrier AS c (account_id, code, name, tracking_url_template)
VALUES (@account::uuid, @code::text, @name::text, @template::text)
ON CONFLICT (account_id, code) DO UPDATE
SET name = excluded.name,
    tracking_url_template = CASE WHEN @sets_template::bool THEN excluded.tracking_url_template
        ELSE c.tracking_url_template END,
    updated_at = CASE WHEN c.name = excluded.name AND (
        NOT @sets_template::bool OR c.tracking_url_template IS NOT DISTINCT FROM excluded.tracking_url_template
    ) THEN c.updated_at ELSE now() END
RETURNING
    new.id, new.name, new.tracking_url_template AS template, old.id IS NULL AS created, old.name AS old_name,
    old.tracking_url_template AS old_template
