-- Purpose: Mỗi cơ quan gửi, nhận bao nhiêu văn bản điện tử trong tháng, sau bao nhiêu giờ thì nhận?
-- Reads the mart only; it can run twice.
SELECT
    d.agency_code,
    d.agency_name,
    d.documents_sent,
    d.documents_received,
    d.documents_refused,
    round(d.hours_to_receipt / nullif(d.documents_timed, 0), 2) AS mean_hours_to_receipt
FROM mart.document_month AS d
WHERE d.month_start = :month
ORDER BY d.documents_received DESC, d.agency_code ASC;
