-- Purpose: every computed measure leads to what it counts. Asking for dossiers behind a measure that counts
-- none is an error that names whom to ask, and no empty answer.
CREATE FUNCTION mart.counts_dossiers(measure text, scope_type text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
BEGIN
    IF measure IN (
        'full_online_procedures', 'procedures_filed_online', 'health_records', 'digital_enterprises',
        'tasks_followed', 'agencies_on_axis'
    ) THEN
        RAISE EXCEPTION 'the measure % does not count dossiers', measure
        USING ERRCODE = 'invalid_parameter_value', HINT = 'Ask mart.facts_behind, with the same arguments.';
    ELSIF measure IS NULL OR measure NOT IN (
        'on_time', 'online_dossiers', 'digitised_dossiers', 'electronic_results'
    ) THEN
        RAISE EXCEPTION 'there is no measure %', coalesce(measure, 'NULL')
        USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'Dossiers are counted by on_time, online_dossiers, digitised_dossiers, electronic_results; '
            'mart.facts_behind has the rest.';
    ELSIF scope_type IS NULL OR scope_type NOT IN ('agency', 'commune', 'province') THEN
        RAISE EXCEPTION 'there is no scope %', coalesce(scope_type, 'NULL')
        USING ERRCODE = 'invalid_parameter_value', HINT = 'It is agency, commune or province.';
    END IF;
    RETURN TRUE;
END
$$;
COMMENT ON FUNCTION mart.counts_dossiers IS
'TRUE for what mart.dossiers_behind can be asked; an error that says what to ask instead for all else.';

CREATE OR REPLACE FUNCTION mart.dossiers_behind(
    measure text, scope_type text, scope_key integer, period_start date, last_day date
) RETURNS TABLE (
    dossier_code text,
    agency_key integer,
    unit_key integer,
    procedure_key integer,
    status_code text,
    received_at timestamp,
    due_at timestamp,
    effective_due_at timestamp,
    finished_at timestamp,
    supplement_count integer,
    is_counted boolean
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT
        j.dossier_code,
        j.agency_key,
        j.unit_key,
        j.procedure_key,
        j.status_code,
        j.received_at,
        j.due_at,
        j.effective_due_at,
        j.finished_at,
        j.supplement_count,
        CASE measure
            WHEN 'on_time'
                THEN CASE
                    WHEN j.finished_on <= last_day THEN j.is_on_time
                    ELSE j.late_from IS NULL OR j.late_from > last_day
                END
            WHEN 'online_dossiers' THEN j.is_online
            WHEN 'digitised_dossiers' THEN j.is_digitised
            WHEN 'electronic_results' THEN j.has_electronic_result
        END AS is_counted
    FROM dw.dossier_judged AS j
    WHERE
        -- Before any row is read; below, where the planner knows the arguments and takes the rest for false.
        mart.counts_dossiers(measure, scope_type)
        AND CASE scope_type
            WHEN 'agency' THEN j.agency_key IN (
                SELECT a.agency_key
                FROM dw.dim_agency AS a
                INNER JOIN dw.dim_agency AS k ON a.agency_code = k.agency_code
                WHERE k.agency_key = scope_key
            )
            WHEN 'commune' THEN j.unit_key = scope_key
            WHEN 'province' THEN TRUE
            ELSE mart.counts_dossiers(measure, scope_type)
        END
        AND CASE measure
            WHEN 'on_time'
                THEN
                    j.is_handled AND j.is_judged AND j.received_on <= last_day
                    AND (j.finished_on IS NULL OR j.finished_on >= period_start)
            WHEN 'online_dossiers' THEN j.received_on BETWEEN period_start AND last_day
            WHEN 'digitised_dossiers'
                THEN j.has_papers AND j.received_on BETWEEN period_start AND last_day
            WHEN 'electronic_results'
                THEN j.is_handled AND j.has_result AND j.finished_on BETWEEN period_start AND last_day
            ELSE mart.counts_dossiers(measure, scope_type)
        END
$$;
COMMENT ON FUNCTION mart.dossiers_behind IS
'The dossiers behind a number of mart.service_measure: its denominator, and with is_counted its numerator. For
measures that count something else an error says to ask mart.facts_behind. Reads the fact: for people, not for
screens.';

CREATE FUNCTION mart.facts_behind(
    measure text, scope_type text, scope_key integer, period_start date, last_day date
) RETURNS TABLE (
    fact text,
    code text,
    unit_key integer,
    numerator bigint,
    denominator bigint
)
-- The owner's rights: which sectors are meant stands in meta, which analysts do not read.
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    scopes text[] := CASE
        WHEN measure IN ('full_online_procedures', 'procedures_filed_online')
            THEN ARRAY['agency', 'commune', 'province']
        WHEN measure IN ('health_records', 'digital_enterprises') THEN ARRAY['commune', 'province']
        WHEN measure IN ('tasks_followed', 'agencies_on_axis') THEN ARRAY['province']
    END;
    first_month date := date_trunc('month', period_start::timestamp)::date;
BEGIN
    IF measure IN ('on_time', 'online_dossiers', 'digitised_dossiers', 'electronic_results') THEN
        RAISE EXCEPTION 'the measure % counts dossiers', measure
        USING ERRCODE = 'invalid_parameter_value', HINT = 'Ask mart.dossiers_behind, with the same arguments.';
    ELSIF scopes IS NULL THEN
        RAISE EXCEPTION 'there is no measure %', coalesce(measure, 'NULL')
        USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'There are full_online_procedures, procedures_filed_online, health_records, '
            'digital_enterprises, tasks_followed, agencies_on_axis; mart.dossiers_behind has the rest.';
    ELSIF scope_type IS NULL OR NOT scope_type = ANY (scopes) THEN
        RAISE EXCEPTION 'the measure % is not counted by %', measure, coalesce(scope_type, 'NULL')
        USING
            ERRCODE = 'invalid_parameter_value',
            HINT = format('It is counted by %s.', array_to_string(scopes, ', '));
    END IF;
    CASE measure
    WHEN 'full_online_procedures', 'procedures_filed_online' THEN
        RETURN QUERY
        SELECT
            'procedure',
            m.procedure_code,
            NULL::integer,
            CASE measure
                WHEN 'full_online_procedures' THEN m.online_level = 'full'
                ELSE bool_or(m.received_online > 0)
            END::integer::bigint,
            1::bigint
        FROM mart.dossier_procedure_month AS m
        WHERE
            m.scope_type = facts_behind.scope_type AND m.scope_key = facts_behind.scope_key
            AND m.month_start BETWEEN first_month AND last_day AND m.online_level IN ('full', 'partial')
        GROUP BY m.procedure_key, m.procedure_code, m.online_level;
    WHEN 'health_records', 'digital_enterprises' THEN
        RETURN QUERY
        WITH people AS (
            SELECT DISTINCT ON (p.unit_key)
                p.unit_key,
                u.unit_code,
                p.population_count
            FROM dw.fact_population AS p
            INNER JOIN dw.dim_administrative_unit AS u ON p.unit_key = u.unit_key
            WHERE facts_behind.scope_type = 'province' OR p.unit_key = facts_behind.scope_key
            ORDER BY p.unit_key ASC, p.month_start_date_key DESC
        )

        SELECT
            'population',
            p.unit_code,
            p.unit_key,
            0::bigint,
            p.population_count
        FROM people AS p
        UNION ALL
        -- A record is one person's: nobody's is shown, only how many a commune has.
        SELECT
            'health_records',
            p.unit_code,
            p.unit_key,
            h.health_records,
            0
        FROM people AS p
        INNER JOIN mart.health_state AS h ON p.unit_key = h.unit_key
        WHERE measure = 'health_records'
        UNION ALL
        SELECT
            'enterprise',
            e.enterprise_key::text,
            p.unit_key,
            1,
            0
        FROM people AS p
        INNER JOIN dw.dim_enterprise AS e ON p.unit_key = e.unit_key
        INNER JOIN meta.indicator_method AS d ON left(e.sector_code, 2) = ANY (d.sectors)
        WHERE
            facts_behind.measure = 'digital_enterprises' AND d.measure = facts_behind.measure
            AND e.is_current AND e.enterprise_key > 0 AND e.status_code = '00' AND e.entity_type_code = 'DN';
    WHEN 'tasks_followed' THEN
        RETURN QUERY
        SELECT
            'plan_task',
            t.task_code,
            NULL::integer,
            EXISTS (
                SELECT
                FROM dw.fact_plan_task_progress AS f
                INNER JOIN dw.dim_date AS d ON f.month_start_date_key = d.date_key
                WHERE f.task_key = t.task_key AND d.calendar_date BETWEEN first_month AND last_day
            )::integer::bigint,
            1::bigint
        FROM dw.dim_plan_task AS t
        WHERE t.task_key > 0;
    ELSE
        RETURN QUERY
        SELECT
            'agency',
            a.agency_code,
            NULL::integer,
            (a.agency_code IN (
                SELECT k.agency_code
                FROM dw.fact_electronic_document AS f
                INNER JOIN dw.dim_agency AS k ON f.sender_agency_key = k.agency_key
                WHERE k.is_current AND f.sent_at >= first_month AND f.sent_at::date <= last_day
            ))::integer::bigint,
            1::bigint
        FROM dw.dim_agency AS a
        WHERE a.agency_key > 0 AND a.is_current AND a.retired_on IS NULL;
    END CASE;
END
$$;
COMMENT ON FUNCTION mart.facts_behind IS
'What a measure of other things than dossiers counts (mart.indicator_fact_month, and the two of procedures in
mart.service_measure): its numerator and denominator are the sums of these rows''. Codes of procedures, tasks,
agencies and communes, keys of enterprises; of health records only how many. Measures of people tell of now.';
