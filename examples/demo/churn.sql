-- projection: churn
-- version: 1
-- on error: quarantine

-- How often each file changed, and by how many lines. A renamed file keeps its past. Binary files have no lines.

-- setup
CREATE TABLE churn (
  path TEXT PRIMARY KEY,
  changes INTEGER NOT NULL,
  added INTEGER NOT NULL,
  removed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- on FileChanged
INSERT INTO churn
SELECT :data ->> 'path', changes, added, removed FROM churn
WHERE :data ->> 'change' = 'renamed' AND path = :data ->> 'from'
ON CONFLICT (path) DO UPDATE SET
  changes = changes + excluded.changes, added = added + excluded.added, removed = removed + excluded.removed;

DELETE FROM churn WHERE :data ->> 'change' = 'renamed' AND path = :data ->> 'from';

INSERT INTO churn
VALUES (:data ->> 'path', 1, coalesce(:data ->> 'added', 0), coalesce(:data ->> 'removed', 0))
ON CONFLICT (path) DO UPDATE SET
  changes = changes + 1, added = added + excluded.added, removed = removed + excluded.removed;
