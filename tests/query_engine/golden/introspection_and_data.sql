SELECT convert_to(concat('{"name":', json_scalar(carrier_1.name), '}'), 'UTF8') AS convert_to_1
FROM carrier AS carrier_1
WHERE carrier_1.account_id = $1::UUID AND carrier_1.code = $2::VARCHAR
