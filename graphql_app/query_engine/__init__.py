"""From a GraphQL selection to one SQL statement whose result is the JSON of the response. Opens no transaction.

May import `operation_context`, `auth`, `database` and the packages below them; never `commands`. The modules, in the
order in which a query passes through them:

    sources             the rows that a resolver may return: one row, a list, a connection; `change_log` for the log
    selection           the selected fields; computed: `computed_fields`, `status_fields`, `measurement_fields`,
                        `tracking_url`
    type_mapping        the table of each GraphQL type and the reader of each field; `startup_check` plans them all
    filters             the predicate of each filter, the orders and the full-text search
    pagination          connections; `cursor` encodes and decodes the positions in them
    json_sql            JSON text built by PostgreSQL; `cost` counts what a plan may read
    plan                the statement, cached on the parsed operation; `parameters` finds its values at each run
    fast_path           an operation with a single root field, which runs its plan without an executor
    executor            graphql-core's executor, which passes the JSON through; `null_propagation` for missing rows

Follow one query through them. A client sends it with the variables `{"service": "express"}`:

    query ($service: String) {
      shipments(first: 2, where: { service: { eq: $service } }) { nodes { no: number shipper { city } } }
    }

The source of `shipments` is `sources.SHIPMENTS`. The operation has a single root field, so `fast_path` runs it. If it
had several, the executor would get a `SourceQuery` with that source (in the payload of a mutation: a `BatchedRow`) and
do the same: it looks up the plan of this field, whose key is the field, the source and the shape of `$service` (a
string). The first time there is none. `sources.shipments` selects the account's shipments that match `where` and
`search`, newest first. `pagination` takes two of them, and `selection` reads the fields of each node: `number` is a
column, `shipper` is computed from the party with that role and is non-null. So the plan is this statement, but for the
line breaks:

    SELECT convert_to(concat('{"nodes":[', string_agg(page_1.node_1, ','), ']}'), 'UTF8') AS convert_to_1
    FROM (
      SELECT concat('{"no":', json_scalar(shipment_1.number), ',"shipper":', coalesce((
        SELECT concat('{"city":', coalesce(CAST(json_scalar(party_1.city) AS TEXT), 'null'), '}') AS anon_1
        FROM party AS party_1
        WHERE party_1.shipment_id = shipment_1.id AND party_1.role = 'SHIPPER'
          AND party_1.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), '}') AS node_1
      FROM shipment AS shipment_1
      WHERE shipment_1.account_id = $1::UUID AND shipment_1.archived_at IS NULL AND shipment_1.service = $2::VARCHAR
      ORDER BY shipment_1.created_at DESC, shipment_1.id DESC
      LIMIT 2) AS page_1

`$1` is the viewer's account and `$2` the variable; the next request with another string uses the same plan. PostgreSQL
returns one row with one value, which goes into the response without being parsed:

    {"nodes":[{"no":"SHP-0000117","shipper":{"city":"Ham"}},{"no":"SHP-0000112","shipper":{"city":"Ham"}}]}
"""
