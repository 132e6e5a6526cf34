-- Purpose: a target may come before its indicator; give that indicator a row to be completed later.
-- Can run twice: known indicators are left.
INSERT INTO dw.dim_indicator (indicator_code, name_vi, is_inferred, batch_key)
SELECT DISTINCT
    s.indicator_code,
    'Chưa có trong danh mục',
    TRUE,
    :batch_key
FROM accepted AS s
WHERE
    NOT EXISTS (
        SELECT FROM dw.dim_indicator AS i
        WHERE i.indicator_code = s.indicator_code
    )
ORDER BY s.indicator_code;
