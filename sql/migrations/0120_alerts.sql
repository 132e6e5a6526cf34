-- Purpose: what people were told, and are still to be told, of what goes wrong. A cause is told once, however
-- often it is seen; nothing here holds data of a record or an error's text.
CREATE TABLE meta.alert (
    alert_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cause_key text NOT NULL,
    kind text NOT NULL,
    wording text NOT NULL,
    owner text,
    is_urgent boolean NOT NULL,
    about jsonb NOT NULL,
    place text NOT NULL,
    opened_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    resolved_at timestamptz,
    CHECK (opened_at <= last_seen_at),
    CHECK (resolved_at >= last_seen_at)
);
COMMENT ON TABLE meta.alert IS
'A cause from the moment it was seen until it was gone; the same cause may come back as another alert.';
COMMENT ON COLUMN meta.alert.owner IS 'Agency that its contract names as owner; NULL: the platform.';
COMMENT ON COLUMN meta.alert.about IS 'Counts, days and names that its sentences are filled with.';
COMMENT ON COLUMN meta.alert.place IS 'Path below the board.';
-- One open alert per cause.
CREATE UNIQUE INDEX alert_open ON meta.alert (cause_key) WHERE resolved_at IS NULL;

CREATE TABLE meta.alert_notice (
    notice_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id integer NOT NULL REFERENCES meta.alert (alert_id),
    event text NOT NULL CHECK (event IN ('opened', 'reminder', 'resolved')),
    number integer NOT NULL,
    recipient text NOT NULL,
    noted_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    sent_at timestamptz,
    withdrawn_at timestamptz,
    message_id text,
    error text,
    UNIQUE (alert_id, event, number, recipient),
    CHECK (sent_at IS NULL OR withdrawn_at IS NULL),
    CHECK (sent_at IS NULL OR message_id IS NOT NULL)
);
COMMENT ON TABLE meta.alert_notice IS
'What is told whom of an alert. It waits until sent_at is set, or withdrawn_at: gone before that.';
COMMENT ON COLUMN meta.alert_notice.recipient IS '`mail:<address>`, or `webhook:<connection>`.';
COMMENT ON COLUMN meta.alert_notice.due_at IS 'When to try next; quiet hours are looked up then.';
CREATE INDEX alert_notice_waiting ON meta.alert_notice (due_at)
WHERE sent_at IS NULL AND withdrawn_at IS NULL;
