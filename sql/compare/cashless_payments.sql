-- Purpose: what the star holds of the rows that were just loaded, by the contract's names. Grain: row of the
-- batch.
-- Can run twice: it only reads.
SELECT
    s._row,
    t.transaction_count,
    t.total_count,
    t.amount_million_vnd,
    t.reported_share_percent AS share_percent,
    t.source_updated_at AS updated_at
FROM compared AS s
INNER JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.period_month BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
INNER JOIN dw.fact_cashless_payment AS t
    ON
        u.unit_key = t.unit_key
        AND s.channel_code = t.channel_code
        AND t.period_code = to_char(s.period_month, 'YYYY"-M"MM')
