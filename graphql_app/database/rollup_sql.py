"""SQL of the rollups of shipments, and why each shipment is counted once.

`shipment_fact` holds what each shipment contributes to the cells. `shipment_rollups_advance` reads the next changes of
the change log, and for each shipment in them subtracts the stored facts from the cells, adds the current ones and
stores these, all in the transaction that also stores the position. Therefore:

1. *A crash loses nothing and repeats nothing*: facts, cells and position change together.
2. *Reading a change twice has no effect*, and neither has a shipment that already shows a later change: the difference
   between stored and current facts is then empty.
3. *Several processes* do not work on one account at the same time: the row of the position is locked, and the others
   skip it.
4. *No change is missed*: only changes before the end of the readable log are read (`change_log_sql`), and every write
   of a shipment, its parties or its events is a change.
"""

from itertools import combinations

from graphql_app.database.change_log_sql import END
from graphql_app.models.rollups import DIMENSIONS, MEASURES

TRANSIT_GROWTH = 1.04
"""Ratio of the limits of a bucket of transit times. With the geometric mean of its limits as its value, a percentile is
at most 2 % from the exact one (the square root of 1.04 is 1.0198)."""
PROBLEM_CODES = "'EXCEPTION', 'HELD', 'CUSTOMS_HELD', 'DAMAGED', 'LOST'"
"""The event codes of `exceptionRate`, as in `query_engine/statistics/measures.py`."""
KEYS = "dimensions, time_field, day, value_1, value_2"
"""The columns that identify a cell within an account."""
SUMS = ", ".join(MEASURES)


def event_exists(codes: str) -> str:
    """Return the SQL that tells whether a shipment `s` has an applied event with one of the codes."""
    return (
        "EXISTS (SELECT FROM tracking_event e WHERE e.shipment_id = s.id AND e.applied AND e.voided_at IS NULL "
        f"AND e.code IN ({codes}))"
    )


SECONDS = "extract(epoch FROM s.delivered_at - s.picked_up_at)"
FACTS = f"""
    SELECT s.id AS shipment_id, s.account_id, s.status::text AS status, s.carrier_id::text AS carrier, s.service,
        s.direction::text AS direction, o.country_code AS origin_country, d.country_code AS destination_country,
        (s.created_at AT TIME ZONE 'UTC')::date AS created_day,
        (s.delivered_at AT TIME ZONE 'UTC')::date AS delivered_day,
        CASE WHEN {SECONDS} > 0 THEN greatest(ceil(ln({SECONDS}) / ln({TRANSIT_GROWTH})), 0)
            WHEN {SECONDS} <= 0 THEN 0 END::smallint AS transit_bucket,
        s.package_count::numeric AS packages, num_nonnulls(s.total_weight_g)::numeric AS weights,
        coalesce(s.total_weight_g, 0)::numeric AS weight_g, num_nonnulls(s.delivery_delay)::numeric AS deadlines,
        (coalesce(s.delivery_delay <= 0, false))::int::numeric AS on_time,
        num_nonnulls(s.delivered_at)::numeric AS deliveries,
        (s.delivered_at IS NOT NULL AND NOT {event_exists("'DELIVERY_ATTEMPTED'")})::int::numeric AS first_attempts,
        num_nonnulls(s.picked_up_at)::numeric AS pickups,
        (s.picked_up_at IS NOT NULL AND {event_exists(PROBLEM_CODES)})::int::numeric AS problems,
        (s.picked_up_at IS NOT NULL AND s.status IN ('RETURNING', 'RETURNED'))::int::numeric AS returns,
        num_nonnulls({SECONDS})::numeric AS transits, coalesce({SECONDS}, 0)::numeric AS transit_seconds
    FROM shipment s
    LEFT JOIN party o ON o.shipment_id = s.id AND o.role = 'SHIPPER'
    LEFT JOIN party d ON d.shipment_id = s.id AND d.role = 'RECIPIENT'
    WHERE s.archived_at IS NULL"""
"""The facts of shipments; a condition on `s` may be added."""


def cell_values() -> str:
    """Return the VALUES of all cells of the facts `f`: dimensions, values, number of dimensions."""
    rows = ["('', '', '', 0)"]
    for name in DIMENSIONS:
        rows.append(f"('{name}', {keyed(name)}, '', 1)")
    for first, second in combinations(DIMENSIONS, 2):
        rows.append(f"('{first},{second}', {keyed(first)}, {keyed(second)}, 2)")
    return ", ".join(rows)


def keyed(name: str) -> str:
    """Return the SQL of a value in a cell: `=` and the value, or an empty text for null."""
    return f"coalesce('=' || f.{name.lower()}, '')"


def cells(facts: str, columns: str) -> str:
    """Return the SELECT of the cells of facts: all time, and with at most one dimension each day."""
    return f"""
    SELECT f.account_id, c.dimensions, t.time_field, t.day, c.value_1, c.value_2, {columns}
    FROM {facts} f
    CROSS JOIN LATERAL (VALUES {cell_values()}) AS c (dimensions, value_1, value_2, level)
    CROSS JOIN LATERAL (
        VALUES ('', '-infinity'::date), ('CREATED_AT', f.created_day), ('DELIVERED_AT', f.delivered_day)
    ) AS t (time_field, day)
    WHERE t.day IS NOT NULL AND (t.time_field = '' OR c.level < 2)"""


ADDED = ", ".join(f"sum(f.sign * f.{name}) AS {name}" for name in MEASURES)
FACT_COLUMNS = (
    "account_id, status, carrier, service, direction, origin_country, destination_country, created_day, "
    f"delivered_day, transit_bucket, {SUMS}"
)
MAINTENANCE = (
    f"""
CREATE OR REPLACE FUNCTION shipment_rollups_advance(account uuid, batch_size integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    reached record;
    batch record;
BEGIN
    INSERT INTO rollup_position (account_id) VALUES (account) ON CONFLICT DO NOTHING;
    SELECT p.log_position, p.seq INTO reached FROM rollup_position p WHERE p.account_id = account
        FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    SELECT count(*)::integer AS rows, max(b.at) AS at, array_agg(DISTINCT b.shipment_id) AS shipments,
        (array_agg(b.log_position ORDER BY b.log_position DESC, b.seq DESC))[1] AS log_position,
        (array_agg(b.seq ORDER BY b.log_position DESC, b.seq DESC))[1] AS seq
    INTO batch
    FROM (
        SELECT c.log_position, c.seq, c.shipment_id, c.at FROM change c
        WHERE c.account_id = account AND (c.log_position, c.seq) > (reached.log_position, reached.seq)
            AND c.log_position < {END}
        ORDER BY c.log_position, c.seq LIMIT batch_size
    ) b;
    IF batch.rows = 0 THEN
        RETURN 0;
    END IF;
    PERFORM shipment_rollups_apply(account, batch.shipments);
    UPDATE rollup_position p SET log_position = batch.log_position, seq = batch.seq, as_of = batch.at
    WHERE p.account_id = account;
    RETURN batch.rows;
END $$""",
    f"""
CREATE OR REPLACE FUNCTION shipment_rollups_apply(account uuid, ids uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    WITH current AS MATERIALIZED ({FACTS} AND s.account_id = account AND s.id = ANY (ids)),
    stored AS MATERIALIZED (
        SELECT f.shipment_id, {", ".join(f"f.{name}" for name in FACT_COLUMNS.split(", "))}
        FROM shipment_fact f WHERE f.shipment_id = ANY (ids)
    ),
    delta AS MATERIALIZED (
        SELECT 1 AS sign, n.* FROM (SELECT * FROM current EXCEPT ALL SELECT shipment_id, {FACT_COLUMNS} FROM stored) n
        UNION ALL
        SELECT -1, o.* FROM (SELECT shipment_id, {FACT_COLUMNS} FROM stored EXCEPT ALL SELECT * FROM current) o
    ),
    removed AS (
        DELETE FROM shipment_fact f WHERE f.shipment_id = ANY (ids)
            AND NOT EXISTS (SELECT FROM current n WHERE n.shipment_id = f.shipment_id)
    ),
    saved AS (
        INSERT INTO shipment_fact (shipment_id, {FACT_COLUMNS})
        SELECT shipment_id, {FACT_COLUMNS} FROM delta WHERE sign = 1
        ON CONFLICT (shipment_id) DO UPDATE SET
            {", ".join(f"{name} = excluded.{name}" for name in FACT_COLUMNS.split(", "))}
    ),
    counted AS (
        INSERT INTO shipment_rollup (account_id, {KEYS}, shipments, {SUMS})
        {cells("delta", f"sum(f.sign) AS shipments, {ADDED}")}
        GROUP BY f.account_id, c.dimensions, t.time_field, t.day, c.value_1, c.value_2
        ON CONFLICT (account_id, {KEYS}) DO UPDATE SET shipments = shipment_rollup.shipments + excluded.shipments,
            {", ".join(f"{name} = shipment_rollup.{name} + excluded.{name}" for name in MEASURES)}
    )
    INSERT INTO shipment_rollup_transit (account_id, {KEYS}, bucket, shipments)
    {cells("delta", "f.transit_bucket, sum(f.sign)")} AND f.transit_bucket IS NOT NULL
    GROUP BY f.account_id, c.dimensions, t.time_field, t.day, c.value_1, c.value_2, f.transit_bucket
    HAVING sum(f.sign) <> 0
    ON CONFLICT (account_id, {KEYS}, bucket)
    DO UPDATE SET shipments = shipment_rollup_transit.shipments + excluded.shipments;
END $$""",
)
"""The functions that maintain the rollups."""

BEHIND = f"""
CREATE OR REPLACE FUNCTION shipment_rollups_behind() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER BEGIN ATOMIC
    SELECT a.id FROM account a
    CROSS JOIN LATERAL (
        SELECT c.log_position, c.seq FROM change c
        WHERE c.account_id = a.id AND c.log_position < {END}
        ORDER BY c.log_position DESC, c.seq DESC LIMIT 1
    ) AS head
    LEFT JOIN rollup_position p ON p.account_id = a.id
    WHERE (head.log_position, head.seq) > (coalesce(p.log_position, -1), coalesce(p.seq, 0));
END"""
"""The accounts with changes that their rollups do not contain."""
CREATE = (*MAINTENANCE, BEHIND)
"""All functions of the rollups, with the privileges of the owner: see `database/row_security.py`."""
FUNCTIONS = {
    "shipment_rollups_behind": "",
    "shipment_rollups_advance": "uuid, integer",
    "shipment_rollups_apply": "uuid, uuid[]",
}
"""Names of these functions → types of their arguments."""
TABLES = dict.fromkeys(("rollup_position", "shipment_fact", "shipment_rollup", "shipment_rollup_transit"), "SELECT")
"""Privileges of requests for the tables of the rollups. They cannot write them."""
