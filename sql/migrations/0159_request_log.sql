-- Purpose: how sources answered, night by night, whether the night ended well or not: until now only batches
-- that were landed told of their requests.
CREATE TABLE dq.request_log (
    as_of date NOT NULL,
    dataset text NOT NULL,
    endpoint text NOT NULL,
    purpose text NOT NULL,
    outcome text NOT NULL,
    status integer NOT NULL,
    requests integer NOT NULL CHECK (requests > 0),
    seconds numeric(12, 3) NOT NULL,
    slowest_seconds numeric(12, 3) NOT NULL,
    bytes bigint NOT NULL,
    PRIMARY KEY (dataset, as_of, endpoint, purpose, outcome, status)
);
COMMENT ON TABLE dq.request_log IS
'Grain: one row per night, dataset, endpoint, purpose (data, login), outcome and HTTP status: how many
requests of the last run of that night, with those of attempts that it went on from. Nothing personal.';
COMMENT ON COLUMN dq.request_log.outcome IS 'ok, or the name of the error that the request ended in.';
COMMENT ON COLUMN dq.request_log.status IS 'HTTP status; 0 where no answer came.';
COMMENT ON COLUMN dq.request_log.seconds IS 'From sending to the last byte, added up.';

CREATE VIEW mart.source_answer AS
SELECT
    r.as_of,
    r.dataset,
    r.endpoint,
    sum(r.requests)::bigint AS requests,
    coalesce(sum(r.requests) FILTER (WHERE r.outcome <> 'ok'), 0)::bigint AS failed_requests,
    round(sum(r.seconds) / sum(r.requests), 3) AS mean_seconds,
    max(r.slowest_seconds) AS slowest_seconds,
    sum(r.bytes)::bigint AS bytes
FROM dq.request_log AS r
GROUP BY r.as_of, r.dataset, r.endpoint;
COMMENT ON VIEW mart.source_answer IS
'Grain: one row per night, dataset and endpoint: how the source answered. Kết nối với nguồn dữ liệu.';
SELECT meta.grant_roles();
