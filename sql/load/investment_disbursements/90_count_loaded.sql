-- Purpose: how many accepted vouchers are now in the star, in this form or a later one.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.fact_disbursement AS t
    ON s.voucher_code = t.voucher_code AND s.updated_at <= t.source_updated_at;
