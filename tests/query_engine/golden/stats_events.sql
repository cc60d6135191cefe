WITH matching_1 AS MATERIALIZED (
  SELECT tracking_event_1.code AS k1, tracking_event_1.country_code AS k2, date_trunc('week', timezone('UTC', tracking_event_1.recorded_at)) AS bucket, tracking_event_1.shipment_id AS row_shipment_id, CAST(EXTRACT(epoch
  FROM tracking_event_1.recorded_at - tracking_event_1.occurred_at) AS DOUBLE PRECISION) AS delay, tracking_event_1.occurred_at AS sort_1, tracking_event_1.id AS sort_2, tracking_event_1.id AS row_id
  FROM tracking_event AS tracking_event_1
  WHERE tracking_event_1.account_id = $1::UUID AND tracking_event_1.source_name = $2::VARCHAR AND tracking_event_1.voided_at IS NULL
  LIMIT 100001), total_1 AS (
  SELECT count(*) AS a1, count(DISTINCT matching_1.row_shipment_id) AS a2, avg(matching_1.delay) AS a3, percentile_cont(CAST($3::DOUBLE PRECISION[] AS DOUBLE PRECISION[])) WITHIN GROUP (ORDER BY matching_1.delay) AS a4
  FROM matching_1), groups_1 AS (
  SELECT matching_1.k1 AS k1, matching_1.k2 AS k2, matching_1.bucket AS bucket, count(*) AS a1, (array_agg(matching_1.row_id ORDER BY matching_1.sort_1 DESC, matching_1.sort_2 DESC))[$4::INTEGER:$5::INTEGER] AS a2, count(*) AS number_of_rows
  FROM matching_1
  WHERE matching_1.bucket IS NOT NULL GROUP BY matching_1.k1, matching_1.k2, matching_1.bucket), page_1 AS (
  SELECT g.k1, g.k2, g.bucket, g.a1, g.a2, g.number_of_rows, row_number() OVER (ORDER BY g.bucket ASC NULLS LAST, convert_to(CAST(CAST(g.k1 AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST, convert_to(CAST(CAST(g.k2 AS TEXT) AS TEXT), 'UTF8') ASC NULLS LAST) AS at
  FROM groups_1 AS g
  ORDER BY at
  LIMIT 5)
SELECT convert_to(concat('{"total":', (
  SELECT concat('{"count":', coalesce(total_1.a1, 0), ',"shipments":', coalesce(total_1.a2, 0), ',"recordingDelay":{"average":', coalesce(('"' || justify_hours(total_1.a3 * interval '1 second')) || '"', 'null'), ',"percentiles":[', (
    SELECT string_agg(concat('{"percentile":', CASE WHEN (CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION) = trunc(CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION)) AND abs(CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION)) < 1e15) THEN CAST(CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION) AS TEXT) || '.0' ELSE CAST(CAST(percentile_1.fraction * 100 AS DOUBLE PRECISION) AS TEXT) END, ',"value":"', justify_hours(percentile_1.seconds * interval '1 second'), '"}'), ',' ORDER BY percentile_1.at) AS string_agg_1
    FROM unnest(CAST($3::DOUBLE PRECISION[] AS DOUBLE PRECISION[]), total_1.a4) WITH ORDINALITY AS percentile_1(fraction, seconds, at)
    WHERE percentile_1.seconds IS NOT NULL), ']}}') AS anon_1
  FROM total_1), ',"groups":[', (
  SELECT string_agg(concat('{"keys":[{"value":', coalesce(CAST(json_scalar(CAST(page_1.k1 AS TEXT)) AS TEXT), 'null'), '},{"value":', coalesce(CAST(json_scalar(CAST(page_1.k2 AS TEXT)) AS TEXT), 'null'), '}],"bucket":{"start":', json_scalar(CASE WHEN (timezone('UTC', timezone('UTC', page_1.bucket) - interval '1 hour') = page_1.bucket) THEN timezone('UTC', page_1.bucket) - interval '1 hour' ELSE timezone('UTC', page_1.bucket) END), '},"measures":{"count":', coalesce(page_1.a1, 0), '},"events":', (
    SELECT concat('{"nodes":[', string_agg(page_2.node_1, ','), ']}') AS anon_3
    FROM (
      SELECT concat('{"code":"', tracking_event_2.code, '","occurredAt":', json_scalar(tracking_event_2.occurred_at), '}') AS node_1
      FROM tracking_event AS tracking_event_2
      WHERE tracking_event_2.account_id IS NOT DISTINCT FROM $1::UUID AND tracking_event_2.id = any(page_1.a2)
      ORDER BY tracking_event_2.occurred_at DESC, tracking_event_2.id DESC
      LIMIT 1) AS page_2), '}'), ','
  ORDER BY page_1.at) FILTER (WHERE page_1.at <= 4) AS anon_2
  FROM page_1), ']}'), 'UTF8') AS convert_to_1

SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new
