-- Purpose: what became of districts and provinces of which no document says it unit by unit: the provinces
-- to which their communes went, in shares by the number of communes where these are several. A figure that
-- was only ever known for a whole district stays a figure of the province; it is not spread over communes.
-- Grain: old unit and new unit. Can run twice: equal rows are left alone; a derived row whose unit has got a
-- stated successor is taken away.
CREATE TEMPORARY TABLE derived_succession ON COMMIT DROP AS
WITH ended AS (
    SELECT
        u.unit_key,
        u.unit_code,
        u.unit_level,
        u.valid_to + 1 AS effective_date
    FROM dw.dim_administrative_unit AS u
    WHERE
        u.unit_level IN ('district', 'province') AND u.valid_to IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM dw.bridge_administrative_unit_succession AS b
            WHERE b.old_unit_key = u.unit_key AND NOT b.is_derived
        )
),

commune AS (
    SELECT
        e.unit_key,
        e.effective_date,
        n.province_code,
        count(*) AS communes
    FROM ended AS e
    INNER JOIN dw.dim_administrative_unit AS o
        ON
            e.unit_code = CASE e.unit_level WHEN 'district' THEN o.parent_code ELSE o.province_code END
            AND o.valid_to = e.effective_date - 1
    INNER JOIN dw.bridge_administrative_unit_succession AS b
        ON o.unit_key = b.old_unit_key AND NOT b.is_derived AND b.is_default
    INNER JOIN dw.dim_administrative_unit AS n ON b.new_unit_key = n.unit_key
    GROUP BY e.unit_key, e.effective_date, n.province_code
)

SELECT
    c.unit_key AS old_unit_key,
    p.unit_key AS new_unit_key,
    c.effective_date,
    c.communes = sum(c.communes) OVER unit AS is_whole,
    row_number() OVER (PARTITION BY c.unit_key ORDER BY c.communes DESC, c.province_code ASC)
    = 1 AS is_default,
    c.communes / sum(c.communes) OVER unit AS weight
FROM commune AS c
INNER JOIN dw.dim_administrative_unit AS p
    ON
        c.province_code = p.unit_code
        AND c.effective_date BETWEEN p.valid_from AND coalesce(p.valid_to, 'infinity')
WINDOW unit AS (PARTITION BY c.unit_key);

DELETE FROM dw.bridge_administrative_unit_succession AS t
WHERE
    t.is_derived
    AND NOT EXISTS (
        SELECT FROM derived_succession AS d
        WHERE d.old_unit_key = t.old_unit_key AND d.new_unit_key = t.new_unit_key
    );

INSERT INTO dw.bridge_administrative_unit_succession AS t (
    old_unit_key, new_unit_key, effective_date, succession_kind, is_default, weight, weight_method,
    is_derived, source_document, source_place, batch_key
)
SELECT
    d.old_unit_key,
    d.new_unit_key,
    d.effective_date,
    CASE WHEN d.is_whole THEN 'whole' ELSE 'split' END,
    d.is_default,
    d.weight,
    CASE WHEN d.is_whole THEN 'whole' ELSE 'equal' END,
    TRUE,
    'Không có văn bản: kho dữ liệu suy ra',
    'Theo tỉnh mới của các xã thuộc đơn vị cũ',
    :batch_key
FROM derived_succession AS d
ORDER BY d.old_unit_key, d.new_unit_key
ON CONFLICT (old_unit_key, new_unit_key) DO UPDATE
    SET
        effective_date = excluded.effective_date,
        succession_kind = excluded.succession_kind,
        is_default = excluded.is_default,
        weight = excluded.weight,
        weight_method = excluded.weight_method,
        source_document = excluded.source_document,
        source_place = excluded.source_place,
        batch_key = excluded.batch_key
    WHERE
    (
        t.effective_date, t.succession_kind, t.is_default, t.weight, t.weight_method, t.source_document,
        t.source_place
    )
    IS DISTINCT FROM (
        excluded.effective_date, excluded.succession_kind, excluded.is_default, excluded.weight,
        excluded.weight_method, excluded.source_document, excluded.source_place
    );

DROP TABLE derived_succession;
