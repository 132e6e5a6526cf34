-- Purpose: the latest figures of each commune, month and channel. Grain: commune, month, channel.
-- Can run twice: equal rows are left alone; older figures never replace newer ones.
INSERT INTO dw.fact_cashless_payment AS t (
    unit_key, period_code, channel_code, month_start_date_key,
    transaction_count, total_count, amount_million_vnd, reported_share_percent,
    source_updated_at, batch_key
)
SELECT
    u.unit_key,
    to_char(s.period_month, 'YYYY"-M"MM') AS period_code,
    s.channel_code,
    dw.date_key(s.period_month, -1),
    s.transaction_count,
    s.total_count,
    s.amount_million_vnd,
    s.share_percent,
    s.updated_at,
    :batch_key
FROM accepted AS s
INNER JOIN dw.dim_administrative_unit AS u
    ON
        s.commune_code = u.unit_code
        AND s.period_month BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')
ON CONFLICT (unit_key, period_code, channel_code) DO UPDATE
    SET
        transaction_count = excluded.transaction_count,
        total_count = excluded.total_count,
        amount_million_vnd = excluded.amount_million_vnd,
        reported_share_percent = excluded.reported_share_percent,
        source_updated_at = excluded.source_updated_at,
        batch_key = excluded.batch_key
    WHERE
    excluded.source_updated_at >= t.source_updated_at
    AND (
        t.transaction_count,
        t.total_count,
        t.amount_million_vnd,
        t.reported_share_percent,
        t.source_updated_at
    ) IS DISTINCT FROM (
        excluded.transaction_count, excluded.total_count, excluded.amount_million_vnd,
        excluded.reported_share_percent, excluded.source_updated_at
    );
