-- Locks a carrier against changes of its mappings, until the end of the transaction.
SELECT id FROM carrier WHERE account_id = @account::uuid AND code = @carrier::text FOR SHARE
