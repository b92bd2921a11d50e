-- projection: authors
-- version: 1
-- on error: quarantine

-- Commits by author and month. The month is the author's own: `:ts` keeps the offset the commit was made with.

-- setup
CREATE TABLE commits_by_author (
  month TEXT NOT NULL,
  author TEXT NOT NULL,
  commits INTEGER NOT NULL,
  merges INTEGER NOT NULL,
  PRIMARY KEY (month, author)
) STRICT, WITHOUT ROWID;

-- on CommitMade
INSERT INTO commits_by_author
VALUES (substr(:ts, 1, 7), :data ->> 'author', 1, :data ->> 'parents' > 1)
ON CONFLICT (month, author) DO UPDATE SET commits = commits + 1, merges = merges + excluded.merges;
