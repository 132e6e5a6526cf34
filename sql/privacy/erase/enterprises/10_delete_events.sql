-- Purpose: the registrations of a person's business leave the star. Can run twice: nothing is left to go.
DELETE FROM dw.fact_enterprise_event AS f
USING dw.dim_enterprise AS d
WHERE
    f.enterprise_key = d.enterprise_key
    AND (d.enterprise_ref = any(:refs) OR f.event_code = any(:keys));
