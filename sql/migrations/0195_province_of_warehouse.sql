-- Purpose: a warehouse is of one province. Grain: one row, once a warehouse was opened. One that holds
-- communes already is of their province: of the one that was loaded first, should it hold two.
CREATE TABLE meta.province (
    only_row boolean PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    province_code text NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE meta.province IS
'The province whose data this warehouse holds; a run for another one is refused.';

INSERT INTO meta.province (province_code)
SELECT u.province_code
FROM dw.dim_administrative_unit AS u
WHERE u.unit_level = 'commune' AND u.is_current AND u.province_code IS NOT NULL
GROUP BY u.province_code
ORDER BY min(u.batch_key), count(*) DESC
LIMIT 1;
