SELECT convert_to(concat('{"returnOf":', coalesce((
  SELECT concat('{"number":', json_scalar(shipment_2.number), ',"returnOf":', coalesce((
    SELECT concat('{"number":', json_scalar(shipment_3.number), '}') AS anon_2
    FROM shipment AS shipment_3
    WHERE shipment_3.id = shipment_2.return_of_id AND shipment_3.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), ',"packages":[', (
    SELECT string_agg(concat('{"seq":', package_1.seq, ',"shipment":', coalesce((
      SELECT concat('{"items":[', (
        SELECT string_agg(concat('{"title":', json_scalar(shipment_item_1.title), ',"package":', coalesce((
          SELECT concat('{"seq":', package_2.seq, ',"shipment":', coalesce((
            SELECT concat('{"number":', json_scalar(shipment_5.number), '}') AS anon_5
            FROM shipment AS shipment_5
            WHERE shipment_5.id = package_2.shipment_id AND shipment_5.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), '}') AS anon_4
          FROM package AS package_2
          WHERE package_2.id = shipment_item_1.package_id AND package_2.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), '}'), ','
        ORDER BY shipment_item_1.seq) AS string_agg_2
        FROM shipment_item AS shipment_item_1
        WHERE shipment_item_1.shipment_id = shipment_4.id AND shipment_item_1.account_id IS NOT DISTINCT FROM $1::UUID), ']}') AS anon_3
      FROM shipment AS shipment_4
      WHERE shipment_4.id = package_1.shipment_id AND shipment_4.account_id IS NOT DISTINCT FROM $1::UUID), chr(1)), '}'), ','
    ORDER BY package_1.seq) AS string_agg_1
    FROM package AS package_1
    WHERE package_1.shipment_id = shipment_2.id AND package_1.account_id IS NOT DISTINCT FROM $1::UUID), ']}') AS anon_1
  FROM shipment AS shipment_2
  WHERE shipment_2.id = shipment_1.return_of_id AND shipment_2.account_id IS NOT DISTINCT FROM $1::UUID), 'null'), '}'), 'UTF8') AS convert_to_1
FROM shipment AS shipment_1
WHERE shipment_1.account_id = $1::UUID AND shipment_1.number = $2::VARCHAR
