"""The tables of the store, as numbered migrations. A migration that has landed is never edited: add another.

It adds, and leaves what earlier ones made as it is: runners of the former version live on, with SQL that names their indexes.
"""

from __future__ import annotations

import sqlite3

APPLICATION_ID = 0x45585155  # "EXQU"

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE job (
        number     INTEGER PRIMARY KEY,
        id         TEXT NOT NULL UNIQUE,
        key        TEXT NOT NULL,           -- experiment and working directory: what makes two requests the same
        experiment TEXT NOT NULL,
        group_name TEXT,
        argv       TEXT NOT NULL,
        arguments  TEXT NOT NULL,
        cwd        TEXT NOT NULL,
        resources  TEXT NOT NULL,
        policy     TEXT NOT NULL,
        state      TEXT NOT NULL,
        submitted  REAL NOT NULL,
        attempts   INTEGER NOT NULL DEFAULT 0,
        failures   INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX job_key ON job (key, number);
    CREATE INDEX job_queued ON job (number) WHERE state = 'queued';
    CREATE INDEX job_active ON job (number) WHERE state IN ('starting', 'running', 'stopping');
    CREATE TABLE attempt (
        job         TEXT NOT NULL REFERENCES job (id),
        number      INTEGER NOT NULL,
        launcher    TEXT NOT NULL,
        directory   TEXT NOT NULL,
        started     REAL NOT NULL,
        pid         INTEGER,
        birth       INTEGER,
        boot        TEXT NOT NULL,
        gpus        TEXT NOT NULL,
        ended       REAL,
        duration    REAL,
        state       TEXT,                   -- the final record, written once
        exit_status INTEGER,
        reason      TEXT,
        PRIMARY KEY (job, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE event (
        sequence INTEGER PRIMARY KEY,
        job      TEXT NOT NULL REFERENCES job (id),
        attempt  INTEGER,
        at       REAL NOT NULL,
        state    TEXT NOT NULL,
        detail   TEXT NOT NULL DEFAULT ''
    ) STRICT;
    CREATE INDEX event_job ON event (job, sequence);
    """,
    # A retry by policy waits a while.
    """
    ALTER TABLE job ADD COLUMN not_before REAL NOT NULL DEFAULT 0;
    CREATE INDEX job_due ON job (not_before, number) WHERE state = 'queued';
    """,
    """
    CREATE TABLE gpu_use (
        job           TEXT NOT NULL REFERENCES job (id),
        attempt       INTEGER NOT NULL,
        uuid          TEXT NOT NULL,
        model         TEXT NOT NULL,
        granted       INTEGER,              -- MiB; NULL: the whole GPU
        peak          INTEGER,              -- MiB, the largest measured; NULL: not measured often enough
        out_of_memory INTEGER NOT NULL,
        contended     INTEGER NOT NULL,     -- others used the GPU meanwhile
        PRIMARY KEY (job, attempt, uuid)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX job_experiment ON job (experiment);
    """,
    # Sweeps. `environment` is what a job's attempts get beyond the user's own: JSON by name; null takes a variable away.
    """
    ALTER TABLE job ADD COLUMN environment TEXT NOT NULL DEFAULT '{}';
    CREATE TABLE sweep (
        number   INTEGER PRIMARY KEY,
        id       TEXT NOT NULL UNIQUE,
        key      TEXT NOT NULL,             -- file, directory, command and metric: what makes trials comparable
        file     TEXT NOT NULL,
        seed     INTEGER NOT NULL,
        config   TEXT NOT NULL,             -- the last one it was run with
        created  REAL NOT NULL
    ) STRICT;
    CREATE INDEX sweep_key ON sweep (key, number);
    CREATE TABLE trial (
        sweep    TEXT NOT NULL REFERENCES sweep (id),
        number   INTEGER NOT NULL,
        job      TEXT NOT NULL UNIQUE REFERENCES job (id),
        point    TEXT NOT NULL,             -- value by parameter name
        attempt  INTEGER,                   -- whose rows these are; NULL: none read to the end yet
        history  TEXT NOT NULL DEFAULT '[]', -- the metric in each row, in order
        summary  REAL,
        verdict  TEXT,                      -- why it was stopped early; NULL: it was not
        PRIMARY KEY (sweep, number)
    ) STRICT, WITHOUT ROWID;
    """,
    # What jobs keep of the environment of whoever asked for them, as JSON; the jobs of one submit share a row.
    """
    CREATE TABLE surroundings (
        number  INTEGER PRIMARY KEY,
        content TEXT NOT NULL UNIQUE
    ) STRICT;
    ALTER TABLE job ADD COLUMN surroundings INTEGER REFERENCES surroundings (number);
    """,
    # GPUs on which an attempt was seen computing and that it had not been given: its program chooses the device itself.
    """
    ALTER TABLE attempt ADD COLUMN elsewhere TEXT NOT NULL DEFAULT '';
    """,
    # The program's file as it was when a job was last asked for, and at the start of each attempt; NULL: nothing is known.
    """
    CREATE TABLE code (
        number  INTEGER PRIMARY KEY,
        program TEXT NOT NULL,
        digest  TEXT NOT NULL,
        commits TEXT NOT NULL,              -- of the git checkout around it; '': there is none
        UNIQUE (program, digest, commits)
    ) STRICT;
    ALTER TABLE job ADD COLUMN code INTEGER REFERENCES code (number);
    ALTER TABLE attempt ADD COLUMN code INTEGER REFERENCES code (number);
    """,
    # The real path of the file that has asked for a job last.
    """
    ALTER TABLE job ADD COLUMN file TEXT;
    CREATE INDEX job_file ON job (file, number) WHERE file IS NOT NULL;
    CREATE INDEX job_group ON job (group_name, number) WHERE group_name IS NOT NULL;
    """,
    # What `last` means in a directory.
    """
    CREATE TABLE asked (
        cwd TEXT PRIMARY KEY,               -- where somebody asked for jobs, as a real path
        job INTEGER NOT NULL                -- number of the newest job of the last time
    ) STRICT, WITHOUT ROWID;
    """,
    # Order. A job may have a priority, a time before which it does not begin, and a prerequisite: jobs that it comes after. What
    # the next job is must cost microseconds, however many wait for something else, hence `blocked` and the index without these.
    # A prerequisite is shared by all that were submitted with it; the trigger counts what its jobs do, whatever statement it was.
    """
    ALTER TABLE job ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE job ADD COLUMN begin_at REAL NOT NULL DEFAULT 0;      -- seconds since 1970; 0: at once, or its time has come
    ALTER TABLE job ADD COLUMN prerequisite INTEGER;
    ALTER TABLE job ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;    -- by its prerequisite
    CREATE INDEX job_startable ON job (priority DESC, number) WHERE state = 'queued' AND blocked = 0 AND begin_at = 0;
    CREATE INDEX job_begin ON job (begin_at) WHERE state = 'queued' AND begin_at > 0;
    CREATE INDEX job_dependent ON job (prerequisite, blocked) WHERE prerequisite IS NOT NULL AND state IN ('queued', 'held');
    CREATE TABLE prerequisite (
        number  INTEGER PRIMARY KEY,
        content TEXT NOT NULL UNIQUE,       -- a hash of the rest: what is asked for twice is kept once
        one     INTEGER NOT NULL,           -- one of the jobs is enough
        anyhow  INTEGER NOT NULL,           -- however they end
        total   INTEGER NOT NULL,
        open    INTEGER NOT NULL,           -- so many of the jobs are not over
        failed  INTEGER NOT NULL,           -- so many have ended, and not well
        changed INTEGER NOT NULL            -- it may mean something else now for the jobs that wait for it
    ) STRICT;
    CREATE INDEX prerequisite_changed ON prerequisite (number) WHERE changed = 1;
    CREATE TABLE awaited (
        job          INTEGER NOT NULL REFERENCES job (number),
        prerequisite INTEGER NOT NULL REFERENCES prerequisite (number),
        PRIMARY KEY (job, prerequisite)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX awaited_by ON awaited (prerequisite, job);
    CREATE TRIGGER prerequisite_counts AFTER UPDATE OF state ON job
    WHEN EXISTS (SELECT 1 FROM awaited WHERE job = NEW.number)
    BEGIN
        UPDATE prerequisite SET changed = 1,
            open = open + (NEW.state IN ('queued', 'held', 'starting', 'running', 'stopping'))
                        - (OLD.state IN ('queued', 'held', 'starting', 'running', 'stopping')),
            failed = failed + (NEW.state IN ('failed', 'timeout', 'cancelled', 'lost', 'skipped'))
                            - (OLD.state IN ('failed', 'timeout', 'cancelled', 'lost', 'skipped'))
        WHERE number IN (SELECT prerequisite FROM awaited WHERE job = NEW.number);
    END;
    CREATE TRIGGER prerequisite_asked AFTER UPDATE OF state ON job
    WHEN NEW.prerequisite IS NOT NULL AND NEW.state = 'queued'
    BEGIN
        UPDATE prerequisite SET changed = 1 WHERE number = NEW.prerequisite;
    END;
    """,
    # What tells an attempt from those beside it: its number among the running ones of its runner, and its ports. NULL and '': of
    # an attempt that had none.
    """
    ALTER TABLE attempt ADD COLUMN slot INTEGER;
    ALTER TABLE attempt ADD COLUMN ports TEXT NOT NULL DEFAULT '';
    """,
    # What a person says of a job, at any time. NULL: it has the name that its id and number give it.
    """
    ALTER TABLE job ADD COLUMN renamed TEXT;
    ALTER TABLE job ADD COLUMN tags TEXT NOT NULL DEFAULT '';         -- sorted, a space between them
    ALTER TABLE job ADD COLUMN note TEXT NOT NULL DEFAULT '';
    CREATE UNIQUE INDEX job_renamed ON job (renamed) WHERE renamed IS NOT NULL;
    CREATE INDEX job_tagged ON job (number) WHERE tags != '';
    """,
    # What attempts have logged, kept when they are over; a row without a source waits for its logs to be read.
    """
    CREATE TABLE logged (
        job       TEXT NOT NULL REFERENCES job (id),
        attempt   INTEGER NOT NULL,
        source    TEXT,                     -- the kind of log; '': nothing was logged; NULL: not read yet
        rows      INTEGER NOT NULL DEFAULT 0,
        summary   TEXT,                     -- JSON: last values, extremes
        objective TEXT,                     -- JSON: name and goal, as the metric log has declared them
        curves    BLOB,                     -- JSON, by zlib
        PRIMARY KEY (job, attempt)
    ) STRICT;
    CREATE INDEX logged_unread ON logged (job, attempt) WHERE source IS NULL;
    """,
    # What an attempt that is over has used of the machine, so that tables need no files. NULL: not measured, or not told.
    """
    CREATE TABLE system_use (
        job             TEXT NOT NULL REFERENCES job (id),
        attempt         INTEGER NOT NULL,
        gpu_use         REAL,               -- percent, mean
        gpu_use_peak    REAL,
        gpu_memory_peak REAL,               -- MiB, of its own processes
        cpu_use         REAL,               -- cores, mean
        cpu_use_peak    REAL,
        memory_peak     REAL,               -- MiB
        energy_wh       REAL,               -- of its GPUs
        shared          INTEGER NOT NULL,   -- its GPUs were those of others too, and the energy is its share
        PRIMARY KEY (job, attempt)
    ) STRICT, WITHOUT ROWID;
    """,
    # Where an attempt comes from: its code, its Python, its machine. The same is kept once; a digest is a hash of the rest.
    """
    CREATE TABLE checkout (
        number    INTEGER PRIMARY KEY,
        digest    TEXT NOT NULL UNIQUE,
        root      TEXT NOT NULL,
        commits   TEXT NOT NULL,
        branch    TEXT NOT NULL,
        patch     BLOB NOT NULL,            -- zlib; empty: nothing differed from the commit, or it is missing
        untracked TEXT NOT NULL,            -- JSON, names
        missing   TEXT NOT NULL             -- why the patch is not all that differed
    ) STRICT;
    CREATE TABLE interpreter (
        number   INTEGER PRIMARY KEY,
        digest   TEXT NOT NULL UNIQUE,
        path     TEXT NOT NULL,
        version  TEXT NOT NULL,
        packages TEXT NOT NULL              -- name==version, a line each
    ) STRICT;
    CREATE TABLE origin (
        number      INTEGER PRIMARY KEY,
        digest      TEXT NOT NULL UNIQUE,
        checkout    INTEGER REFERENCES checkout (number),
        interpreter INTEGER REFERENCES interpreter (number),
        host        TEXT NOT NULL,
        kernel      TEXT NOT NULL,
        driver      TEXT NOT NULL           -- of the GPUs; empty without any
    ) STRICT;
    ALTER TABLE attempt ADD COLUMN origin INTEGER REFERENCES origin (number);
    """,
    # Trials of other sweeps that the search of a sweep learns from.
    """
    CREATE TABLE evidence (
        sweep TEXT NOT NULL REFERENCES sweep (id),
        job   TEXT NOT NULL REFERENCES trial (job),
        PRIMARY KEY (sweep, job)
    ) STRICT, WITHOUT ROWID;
    """,
    # Of a sweep with several metrics: the others as they stood in each row of a trial's history.
    """
    ALTER TABLE trial ADD COLUMN beside TEXT NOT NULL DEFAULT '[]';
    """,
    # What the file of a job says of the cluster that it may run on, as JSON; '': nothing.
    """
    ALTER TABLE job ADD COLUMN slurm TEXT NOT NULL DEFAULT '';
    """,
    # What attempts at an experiment have used of GPUs on whichever machine, as JSON: as told by another queue, which has sent
    # jobs of that experiment here.
    """
    CREATE TABLE taught (
        experiment TEXT NOT NULL PRIMARY KEY,
        uses       TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
)


def migrate(connection: sqlite3.Connection, done: int) -> None:
    """Apply the migrations after number `done`, inside the caller's transaction."""
    for script in MIGRATIONS[done:]:
        for statement in _statements(script):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _statements(script: str) -> list[str]:
    """`executescript` would commit the transaction it is called in; hence one statement at a time."""
    found = [""]
    for piece in "\n".join(line.split("--")[0] for line in script.splitlines()).split(";"):
        found[-1] += f"{piece};"
        if sqlite3.complete_statement(found[-1]):  # a trigger has statements of its own
            found.append("")
    return [statement for statement in found if statement.strip(" \n;")]
