-- Purpose: the health records of a person leave the star. Can run twice: nothing is left to go.
DELETE FROM dw.fact_health_record
WHERE record_code = any(:keys);
