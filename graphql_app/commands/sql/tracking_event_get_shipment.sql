-- The shipment of an event.
SELECT shipment_id FROM tracking_event WHERE id = @event::uuid AND account_id = @account::uuid
