-- Purpose: the investment projects as they are decided now. Grain: project code; the current version of each.
-- Can run twice: equal rows are left alone. Which document says it is no matter of history. A project that
-- only payments had named is completed, and a version that came in tonight is corrected: their rows stay the
-- same ones; one that has come back is in force again. Whatever else changes begins a new version
-- (15_begin_versions.sql).
CREATE TEMPORARY TABLE seen_project ON COMMIT DROP AS
SELECT
    s.*,
    c.project_key,
    -- The day of the document that decides the change, if it is a new one and not older than what it changes.
    CASE
        WHEN
            s.source_date <> coalesce(c.source_date, '-infinity')
            AND s.source_date > c.valid_from AND s.source_date < b.as_of
            THEN s.source_date
        ELSE b.as_of
    END AS begins_on,
    c.is_inferred OR c.valid_from >= b.as_of OR coalesce(k.as_of >= b.as_of, FALSE) AS in_place,
    row(
        c.name_vi, c.total_investment_million_vnd, c.fund_source_code, c.fund_source_raw, c.plan_code,
        c.province_code
    )::text
    <> row(
        s.name_vi, s.total_investment_million_vnd, s.fund_source_code, s.fund_source_raw, s.plan_code,
        s.province_code
    )::text AS differs
FROM accepted AS s
INNER JOIN meta.batch AS b ON b.batch_key = :batch_key
LEFT JOIN dw.dim_investment_project AS c ON s.project_code = c.project_code AND c.is_current
LEFT JOIN meta.batch AS k ON c.batch_key = k.batch_key;

INSERT INTO dw.dim_investment_project (
    project_code, name_vi, total_investment_million_vnd, fund_source_code, fund_source_raw, plan_code,
    province_code, source_document, source_date, source_place, batch_key
)
SELECT
    s.project_code,
    s.name_vi,
    s.total_investment_million_vnd,
    s.fund_source_code,
    s.fund_source_raw,
    s.plan_code,
    s.province_code,
    s.source_document,
    s.source_date,
    s.source_place,
    :batch_key
FROM seen_project AS s
WHERE s.project_key IS NULL
ORDER BY s.project_code;

UPDATE dw.dim_investment_project AS t
SET
    name_vi = s.name_vi,
    total_investment_million_vnd = s.total_investment_million_vnd,
    fund_source_code = s.fund_source_code,
    fund_source_raw = s.fund_source_raw,
    plan_code = s.plan_code,
    province_code = s.province_code,
    batch_key = :batch_key
FROM seen_project AS s
WHERE t.project_key = s.project_key AND s.in_place AND s.differs;

UPDATE dw.dim_investment_project AS t
SET
    source_document = s.source_document,
    source_date = s.source_date,
    source_place = s.source_place,
    is_inferred = FALSE,
    retired_on = NULL,
    batch_key = :batch_key
FROM seen_project AS s
WHERE
    t.project_key = s.project_key
    AND (s.in_place OR NOT s.differs)
    AND (t.source_document, t.source_date, t.source_place, t.is_inferred, t.retired_on)
    IS DISTINCT FROM (s.source_document, s.source_date, s.source_place, FALSE, NULL::date);
