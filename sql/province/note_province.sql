-- Purpose: the province that this warehouse is of. One into which nothing was loaded may change to another.
INSERT INTO meta.province AS p (province_code)
VALUES (:province_code)
ON CONFLICT (only_row) DO UPDATE
    SET province_code = excluded.province_code, noted_at = now()
    WHERE p.province_code <> excluded.province_code AND NOT EXISTS (SELECT FROM meta.batch);
