-- Purpose: the reported share of a channel and the one that the transactions give. Grain: month, commune,
-- channel.
-- Can run twice: it only reads.
SELECT
    cast(:owner_agency AS text) AS agency_code,
    f.period_code,
    u.unit_code || ' ' || f.channel_code AS subject,
    f.reported_share_percent AS said,
    round(100.0 * f.transaction_count / f.total_count, 2) AS other
FROM dw.fact_cashless_payment AS f
INNER JOIN dw.dim_administrative_unit AS u ON f.unit_key = u.unit_key
WHERE f.total_count > 0 AND f.reported_share_percent IS NOT NULL
