-- projection: together
-- version: 1
-- on error: quarantine

-- Which files change together: for each pair, the commits that changed both. Commits of more than 20 files say little
-- about any two of them, and are left out. A commit comes before its files, so the files seen since are its own.

-- setup
CREATE TABLE changed_in_commit (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE changed_together (
  a TEXT NOT NULL,
  b TEXT NOT NULL,
  commits INTEGER NOT NULL,
  PRIMARY KEY (a, b)
) STRICT, WITHOUT ROWID;

-- on CommitMade
DELETE FROM changed_in_commit;

-- on FileChanged
INSERT INTO changed_together
SELECT min(path, :data ->> 'path'), max(path, :data ->> 'path'), 1 FROM changed_in_commit
WHERE :data ->> 'files' <= 20
ON CONFLICT (a, b) DO UPDATE SET commits = commits + 1;

INSERT INTO changed_in_commit VALUES (:data ->> 'path') ON CONFLICT DO NOTHING;
