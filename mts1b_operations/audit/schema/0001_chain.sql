CREATE TABLE audit_entries (
    sequence BIGINT PRIMARY KEY CHECK (sequence >= 0),
    timestamp TIMESTAMPTZ NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    hashed BYTEA NOT NULL,
    prev_hash BYTEA NOT NULL CHECK (length(prev_hash) = 32),
    hash BYTEA NOT NULL CHECK (length(hash) = 32)
);

COMMENT ON TABLE audit_entries IS
'One row an entry. hashed holds the exact bytes: hash = sha256(hex(prev_hash) || hashed).';

CREATE TABLE audit_head (
    single BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (single),
    size BIGINT NOT NULL CHECK (size >= 0),
    hash BYTEA NOT NULL CHECK (length(hash) = 32)
);

COMMENT ON TABLE audit_head IS
'The end of the chain. Whoever appends locks this row first.';

INSERT INTO audit_head (size, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE TABLE audit_ids (
    identity BYTEA NOT NULL,
    content BYTEA NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (identity)
) PARTITION BY HASH (identity);

COMMENT ON TABLE audit_ids IS
'Every event ever written down: identity = sha256 of [source, id], content = sha256 of its bytes.';

DO $$
BEGIN
    FOR part IN 0..15 LOOP
        EXECUTE format(
            'CREATE TABLE audit_ids_%s PARTITION OF audit_ids '
            'FOR VALUES WITH (MODULUS 16, REMAINDER %s)',
            part, part
        );
    END LOOP;
END
$$;

CREATE TABLE audit_coverage (
    stream TEXT PRIMARY KEY,
    created TEXT NOT NULL,
    audited INT8MULTIRANGE NOT NULL
);

COMMENT ON TABLE audit_coverage IS
'Which sequences of each stream the chain holds: what is neither here nor in the stream is lost.';

CREATE VIEW audit_log AS
SELECT
    sequence,
    timestamp,
    actor,
    action,
    subject_id,
    convert_from(hashed, 'UTF8')::JSON -> 'data' AS data,
    encode(prev_hash, 'hex') AS prev_hash,
    encode(hash, 'hex') AS hash
FROM audit_entries;
