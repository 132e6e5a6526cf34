-- Purpose: how many accepted parcels are now in the star.
SELECT count(*) AS loaded
FROM accepted AS s
INNER JOIN dw.fact_land_parcel AS t ON s.parcel_code = t.parcel_code AND NOT t.is_deleted;
