-- Purpose: what was registered before of a person's business leaves the history. Can run twice: nothing is
-- left to go. Before the business itself goes, now or earlier: its versions say whose events they are.
DELETE FROM dw_history.fact_enterprise_event AS f
WHERE
    f.event_code = any(:keys)
    OR f.enterprise_key IN (
        SELECT d.enterprise_key FROM dw.dim_enterprise AS d WHERE d.enterprise_ref = any(:refs)
    )
    OR f.enterprise_key IN (
        SELECT h.enterprise_key FROM dw_history.dim_enterprise AS h WHERE h.enterprise_ref = any(:refs)
    );
