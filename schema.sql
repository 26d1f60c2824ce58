-- The current shape of a citd file. A new file is made from this text; an older
-- one is brought here step by step (store/migrate.go), and a test proves that
-- both ways end in the same place.
--
-- Times are integers: microseconds since 1970, UTC. Dates of birth and the like
-- are text, YYYY-MM-DD. Ids are never used again. Names of columns that go over
-- the wire are the wire's names (the API of the CITD Dashboard, 2014).

PRAGMA application_id = 1667855460; -- "citd" in ASCII
PRAGMA user_version = 1;

-- ---------------------------------------------------------------- who may act

-- People who look (kind person) and scripts that post (kind token).
CREATE TABLE account (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  kind        TEXT    NOT NULL CHECK (kind IN ('person', 'token')),
  name        TEXT    NOT NULL,
  role        TEXT    NOT NULL CHECK (role IN ('admin', 'analyst', 'viewer', 'script', 'ingest')),
  secret      BLOB,              -- person: argon2id text, NULL until one is set; token: SHA-256
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER,           -- tokens: NULL never
  locked_at   INTEGER,           -- locked or revoked: kept, so that the records keep their names
  used_at     INTEGER,           -- last use, to the hour
  UNIQUE (kind, name)
) STRICT;
CREATE UNIQUE INDEX account_token ON account (secret) WHERE kind = 'token';

-- Browsers that are signed in, and the links that sign one in.
CREATE TABLE session (
  hash        BLOB    PRIMARY KEY, -- SHA-256 of the cookie or of the link's code
  account     INTEGER NOT NULL REFERENCES account (id),
  kind        TEXT    NOT NULL CHECK (kind IN ('session', 'link')),
  created_at  INTEGER NOT NULL,
  seen_at     INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  used_at     INTEGER            -- links: when it was first followed
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session (account);

-- What was looked at, changed and decided, by whom; each row's hash covers the one before.
CREATE TABLE audit (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  at          INTEGER NOT NULL,
  account     INTEGER REFERENCES account (id), -- NULL: the program itself
  verb        TEXT    NOT NULL,
  object      TEXT    NOT NULL DEFAULT '',     -- employee, alert, detectionmodelresult, ...
  object_id   INTEGER,
  detail      TEXT    NOT NULL DEFAULT '',     -- counts, field names, ids; never a person's name
  hash        BLOB    NOT NULL
) STRICT;
CREATE INDEX audit_object  ON audit (object, object_id);
CREATE INDEX audit_account ON audit (account);
CREATE INDEX audit_verb    ON audit (verb);

-- What the administrator set, and the file's own id.
CREATE TABLE setting (
  key         TEXT PRIMARY KEY,
  value       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Answers kept for a day, so that a retried post with an Idempotency-Key adds nothing.
CREATE TABLE idempotency (
  account     INTEGER NOT NULL REFERENCES account (id),
  key         TEXT    NOT NULL,
  body_hash   BLOB    NOT NULL,  -- SHA-256 of method, path and body
  status      INTEGER NOT NULL,
  location    TEXT    NOT NULL DEFAULT '',
  answer      BLOB,              -- the body as it was sent, up to 64 KiB; NULL: made anew from ids
  ids         TEXT    NOT NULL DEFAULT '',
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (created_at);

-- ------------------------------------------------------------ what scripts post

CREATE TABLE address (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  line1       TEXT NOT NULL,
  line2       TEXT NOT NULL,
  city        TEXT NOT NULL,
  postcode    TEXT NOT NULL,
  country     TEXT NOT NULL
) STRICT;

-- A person that models report on. Triage reads the view person, which lacks the identity.
CREATE TABLE employee (
  id                      INTEGER PRIMARY KEY AUTOINCREMENT,
  employee_id             TEXT NOT NULL UNIQUE,
  pseudonym               TEXT NOT NULL UNIQUE, -- random words, shown instead of the name
  title                   TEXT NOT NULL,        -- identity from here ...
  name                    TEXT NOT NULL,
  dateOfBirth             TEXT,
  gender                  TEXT NOT NULL,
  nationality             TEXT NOT NULL,
  maritalStatus           TEXT NOT NULL,
  ethnicity               TEXT NOT NULL,
  homeAddress             INTEGER REFERENCES address (id), -- ... to here
  currentEmploymentStatus TEXT NOT NULL,
  role                    TEXT NOT NULL,
  department              TEXT NOT NULL,
  site                    TEXT NOT NULL,
  manager                 TEXT NOT NULL,
  left_on                 TEXT
) STRICT;
CREATE INDEX employee_address ON employee (homeAddress) WHERE homeAddress IS NOT NULL;
CREATE INDEX employee_role ON employee (role);

CREATE VIEW person AS
  SELECT id, employee_id, pseudonym, currentEmploymentStatus, role, department, site, manager, left_on FROM employee;

CREATE TABLE employeeevent (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  employee    INTEGER NOT NULL REFERENCES employee (id),
  kind        TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  until       INTEGER,
  text        TEXT    NOT NULL,
  source      TEXT    NOT NULL
) STRICT;
CREATE INDEX employeeevent_employee ON employeeevent (employee, at);

-- The highest id of deleted results and evidence, so that none is used again. AUTOINCREMENT would write a page of every post.
CREATE TABLE gone (
  name        TEXT    PRIMARY KEY,
  id          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE detectionevidence (
  id            INTEGER PRIMARY KEY,
  description   TEXT    NOT NULL,
  evidence_type TEXT    NOT NULL,
  date_from     INTEGER NOT NULL,
  date_to       INTEGER NOT NULL,
  subject       TEXT    NOT NULL,
  source_ref    TEXT    NOT NULL,
  link          TEXT    NOT NULL,
  technique     TEXT    NOT NULL, -- ATT&CK id
  exculpatory   INTEGER NOT NULL CHECK (exculpatory IN (0, 1)),
  posted_by     INTEGER NOT NULL REFERENCES account (id),
  created_at    INTEGER NOT NULL,
  digest        BLOB    NOT NULL  -- SHA-256 of the row as posted
) STRICT;
CREATE TRIGGER evidence_gone AFTER DELETE ON detectionevidence
BEGIN INSERT INTO gone VALUES ('detectionevidence', old.id) ON CONFLICT DO UPDATE SET id = max(id, excluded.id); END;

-- What a model said about a person at a time. NULL dimension: not measured, which is not 0.
CREATE TABLE detectionmodelresult (
  id             INTEGER PRIMARY KEY,
  employee       INTEGER NOT NULL REFERENCES employee (id),
  date           INTEGER NOT NULL,
  reporter       TEXT    NOT NULL,
  flag           INTEGER NOT NULL CHECK (flag IN (0, 1)),
  score          REAL    NOT NULL, -- on the model's own scale; never computed by citd
  email_anomaly  REAL,
  web_anomaly    REAL,
  device_anomaly REAL,
  login_anomaly  REAL,
  contributions  TEXT    NOT NULL, -- JSON, or empty
  run_id         TEXT    NOT NULL,
  alert          INTEGER REFERENCES alert (id),    -- set in the transaction that stores it
  decision       INTEGER REFERENCES decision (id), -- the one in force; cache of fold
  posted_by      INTEGER NOT NULL REFERENCES account (id),
  created_at     INTEGER NOT NULL,
  digest         BLOB    NOT NULL
) STRICT;
CREATE INDEX result_employee ON detectionmodelresult (employee, date);
CREATE INDEX result_date     ON detectionmodelresult (date);
CREATE INDEX result_score    ON detectionmodelresult (score);
CREATE INDEX result_flagged  ON detectionmodelresult (score, date) WHERE flag = 1; -- date: counts the flagged of a time without looking at them
CREATE INDEX result_reporter ON detectionmodelresult (reporter, date);
CREATE TRIGGER result_gone AFTER DELETE ON detectionmodelresult
BEGIN INSERT INTO gone VALUES ('detectionmodelresult', old.id) ON CONFLICT DO UPDATE SET id = max(id, excluded.id); END;

CREATE TABLE result_evidence (
  result      INTEGER NOT NULL REFERENCES detectionmodelresult (id),
  evidence    INTEGER NOT NULL REFERENCES detectionevidence (id),
  PRIMARY KEY (result, evidence)
) STRICT, WITHOUT ROWID;
CREATE INDEX result_evidence_evidence ON result_evidence (evidence);

-- Dimensions: the four of 2014 are columns above; any further *_anomaly has a row here, at most 64 a file.
CREATE TABLE dimension (
  id          INTEGER PRIMARY KEY,
  name        TEXT    NOT NULL UNIQUE, -- file_anomaly
  created_at  INTEGER NOT NULL
) STRICT;
CREATE TABLE anomaly (
  result      INTEGER NOT NULL REFERENCES detectionmodelresult (id),
  dimension   INTEGER NOT NULL REFERENCES dimension (id),
  value       REAL    NOT NULL,
  PRIMARY KEY (result, dimension)
) STRICT, WITHOUT ROWID;
CREATE INDEX anomaly_value ON anomaly (dimension, value);

-- Models as they name themselves, with what the administrator says of them.
CREATE TABLE model (
  name        TEXT    PRIMARY KEY,      -- reporter, as posted
  family      TEXT    NOT NULL,         -- the name without its version
  version     TEXT    NOT NULL,
  scale       REAL    NOT NULL DEFAULT 1 CHECK (scale > 0), -- score / scale is drawn and ranked
  created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- To whom it was shown who a person is, whom, why, and for how long (8 hours). The
-- typed words stand here and not in the audit, so that they go with the person.
CREATE TABLE reveal (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  account     INTEGER NOT NULL REFERENCES account (id),
  employee    INTEGER NOT NULL REFERENCES employee (id) ON DELETE CASCADE,
  reason      INTEGER NOT NULL, -- store/identity.go
  text        TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  until       INTEGER NOT NULL
) STRICT;
CREATE INDEX reveal_account  ON reveal (account, employee, until);
CREATE INDEX reveal_employee ON reveal (employee);

-- ---------------------------------------------------------------------- triage

-- What an analyst decides on: one employee, results near each other in time.
-- state to models are a cache of fold(decisions, results), kept in the same transaction.
CREATE TABLE alert (
  id           INTEGER PRIMARY KEY,              -- none is ever deleted
  employee     INTEGER REFERENCES employee (id), -- NULL once the employee is deleted
  opened_at    INTEGER NOT NULL,                 -- when its first result was received
  received_at  INTEGER NOT NULL,                 -- when its newest result was received
  state        TEXT    NOT NULL CHECK (state IN ('new', 'in_review', 'snoozed', 'confirmed', 'dismissed', 'withdrawn')),
  reviewer     INTEGER REFERENCES account (id),
  snooze_until INTEGER,
  snooze_over  REAL,
  changed      INTEGER NOT NULL DEFAULT 0,       -- a result changed after the decision
  decision     INTEGER REFERENCES decision (id), -- the newest
  first_date   INTEGER NOT NULL,                 -- of its results
  last_date    INTEGER NOT NULL,
  n            INTEGER NOT NULL,                 -- results
  undecided    INTEGER NOT NULL,                 -- of those
  flagged      INTEGER NOT NULL,                 -- undecided results that the model flagged
  peak         REAL    NOT NULL,                 -- highest score / scale of the undecided (else of all)
  peak_result  INTEGER,
  priority     REAL    NOT NULL,                 -- the queue's order, store/fold.go
  models       TEXT    NOT NULL,                 -- families that agree, comma separated
  email        REAL,                             -- highest value of each dimension
  web          REAL,
  device       REAL,
  login        REAL,
  other        REAL
) STRICT;
CREATE INDEX alert_open  ON alert (employee, state) WHERE state IN ('new', 'in_review', 'snoozed');
CREATE INDEX alert_closed ON alert (priority DESC, id DESC) WHERE state IN ('confirmed', 'dismissed', 'withdrawn'); -- the open ones are ranked in memory
CREATE INDEX alert_employee ON alert (employee, id);

-- Append-only: an alert's state follows from these rows.
CREATE TABLE decision (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  alert        INTEGER NOT NULL REFERENCES alert (id),
  at           INTEGER NOT NULL,
  account      INTEGER NOT NULL REFERENCES account (id),
  action       TEXT    NOT NULL CHECK (action IN ('review', 'confirm', 'dismiss', 'snooze', 'reopen', 'undo', 'note')),
  reason       INTEGER,                          -- dismiss: 0 to 9, store/triage.go
  note         TEXT    NOT NULL,
  snooze_until INTEGER,
  snooze_over  REAL,
  undoes       INTEGER REFERENCES decision (id),
  batch        INTEGER                           -- first decision of those made together
) STRICT;
CREATE INDEX decision_alert ON decision (alert, id);
CREATE INDEX decision_batch ON decision (batch) WHERE batch IS NOT NULL;

-- The results that a confirmation or dismissal covers; kept when a result is deleted.
CREATE TABLE decision_result (
  decision    INTEGER NOT NULL REFERENCES decision (id),
  result      INTEGER NOT NULL,  -- no reference: the row may be gone, the id is never used again
  digest      BLOB    NOT NULL,  -- what the result was when it was decided
  PRIMARY KEY (decision, result)
) STRICT, WITHOUT ROWID;

-- Views of the queue that analysts gave a name: one of the built-in views, narrowed by a filter.
CREATE TABLE saved_view (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  account     INTEGER NOT NULL REFERENCES account (id),
  name        TEXT    NOT NULL,
  view        TEXT    NOT NULL,  -- store/queue.go
  filter      TEXT    NOT NULL,  -- as typed
  shared      INTEGER NOT NULL CHECK (shared IN (0, 1)),
  created_at  INTEGER NOT NULL,
  UNIQUE (account, name)
) STRICT;

-- Labels in the order in which they came to be: models read on from the last
-- cursor they saw. A newer row for the same result supersedes the older.
CREATE TABLE feedback (
  cursor      INTEGER PRIMARY KEY AUTOINCREMENT,
  result      INTEGER NOT NULL,                 -- no reference: a deleted result loses its label by a row
  reporter    TEXT    NOT NULL,                 -- whose result it was
  decision    INTEGER REFERENCES decision (id)  -- NULL: the label was taken back
) STRICT;
CREATE INDEX feedback_result ON feedback (result, cursor);

CREATE TRIGGER feedback_decided AFTER UPDATE OF decision ON detectionmodelresult WHEN old.decision IS NOT new.decision
BEGIN INSERT INTO feedback (result, reporter, decision) VALUES (new.id, new.reporter, new.decision); END;
CREATE TRIGGER feedback_deleted AFTER DELETE ON detectionmodelresult WHEN old.decision IS NOT NULL
BEGIN INSERT INTO feedback (result, reporter, decision) VALUES (old.id, old.reporter, NULL); END;
