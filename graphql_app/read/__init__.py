"""A GraphQL selection → one SQL statement whose result is the answer's JSON. Opens no transaction.

The rooms, in the order in which a question goes through them:

    sources     what a resolver may ask for: a row, a list, a page; `log` the change log
    selection   the fields asked for on one type; `computed` and `amounts` those that are more than a column
    mirror      which table a type stands for, and how each field is read; `rehearsal` tries them all at start
    filters     what each filter compares, by `where` and `reach`; `search` the one text that looks everywhere
    pages       connections; `cursor` the places in them
    json        pieces of text, put together by PostgreSQL; `bounds` what a plan may come to
    plan        the statement, kept on the parsed operation; `origin` where its parameters come from
    direct      an operation that is one question, which needs no more than its plan
    executor    graphql-core's, which lets the finished text pass; `nulls` where a row is missing that must be

One question, with what it is in each of them. A client asks, with `{"service": "express"}`:

    query ($service: String) {
      shipments(first: 2, where: { service: { eq: $service } }) { nodes { no: number shipper { city } } }
    }

Behind `shipments` stands the source `sources.SHIPMENTS`, and nothing else is asked: `direct` takes the question. With
several fields, or within what a mutation answers, the executor meets a `Read` of that source and does the same: it asks
for the plan of this field, whose key is the field, the source and the shape of `$service`: a text. There is none yet.
`sources.shipments` says: the account's shipments that `where` and `search` find, newest first. `pages` takes two of
them, and for each `node` what `selection` makes of the fields asked for: `number` is a column, `shipper` is computed,
the party of a role, and must be there. So the plan is this statement, but for the line breaks:

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

`$1` is the viewer's account and `$2` the variable; the next client that asks with another text gets the same plan.
PostgreSQL answers with one row of one value, which goes into the response unread:

    {"nodes":[{"no":"SHP-0000117","shipper":{"city":"Ham"}},{"no":"SHP-0000112","shipper":{"city":"Ham"}}]}
"""
