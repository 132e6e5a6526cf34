-- Purpose: let this transaction make pseudonyms. The key came through COPY into a table of this session, so
-- it is in the text of no statement. Until the transaction ends, however it ends.
SELECT set_config('kho.pseudonym_keys', g.layers, TRUE) IS NOT NULL AS is_taken
FROM pg_temp.given_pseudonym_keys AS g;
DROP TABLE pg_temp.given_pseudonym_keys;
