-- Purpose: rows of a dataset that names no agency row by row are its owner's: in the results of its rules,
-- and so in the scores, as in the quarantine. What was found of its rows before would stand beside that for a
-- year, as nobody's: it is moved. Scores of earlier nights stay as they were written.
CREATE TEMPORARY TABLE owned ON COMMIT DROP AS
SELECT
    s.dataset,
    s.owner_agency_code AS agency_code
FROM dw.dim_source_system AS s
WHERE
    s.owner_agency_code IS NOT NULL
    AND s.dataset IN (
        SELECT j.dataset FROM dq.judged_agency AS j
        GROUP BY j.dataset
        -- The rows of a dataset with a column for the agency have named one at some time.
        HAVING bool_and(j.agency_code = '')
    );

UPDATE dq.rule_result AS t
SET agency_code = o.agency_code
FROM owned AS o
WHERE t.dataset = o.dataset AND t.agency_code = '' AND NOT t.of_dataset;

UPDATE dq.judged_agency AS t
SET agency_code = o.agency_code
FROM owned AS o
WHERE t.dataset = o.dataset;

COMMENT ON COLUMN dq.rule_result.agency_code IS
'The agency whose rows were judged, or the owner of a dataset whose rows name none; empty where a row should
name one and does not.';
COMMENT ON TABLE dq.judged_agency IS
'Grain: one row per batch and agency of which it judged rows: the one that a row names, or the owner of the
dataset; empty: rows that should name one and do not. It is kept with dq.rule_result, which is too large to be
asked for the last batch of each agency.';
