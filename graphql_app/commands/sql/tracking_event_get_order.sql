-- The place of an event in the order of events, and whether it is voided. Its shipment is locked.
SELECT occurred_at, position, voided_at
FROM tracking_event
WHERE id = @event::uuid AND account_id = @account::uuid
