-- Purpose: a project with another name, total or source of funds than before begins a new version: on the day
-- of the document that decides it, else on the night that first saw it; the one before ends the day before.
-- Payments of the days between move to it in this transaction (sql/rekey/investment_projects). Grain:
-- version. Can run twice: the second time nothing differs.
UPDATE dw.dim_investment_project AS t
SET valid_to = s.begins_on - 1
FROM seen_project AS s
WHERE t.project_key = s.project_key AND s.differs AND NOT s.in_place;

INSERT INTO dw.dim_investment_project (
    project_code, valid_from, name_vi, total_investment_million_vnd, fund_source_code, fund_source_raw,
    plan_code, province_code, source_document, source_date, source_place, batch_key
)
SELECT
    s.project_code,
    s.begins_on,
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
WHERE s.project_key IS NOT NULL AND s.differs AND NOT s.in_place
ORDER BY s.project_code;

DROP TABLE seen_project;
