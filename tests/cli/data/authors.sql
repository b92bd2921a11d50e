-- projection: authors
-- version: 1
-- setup
CREATE TABLE author (author TEXT PRIMARY KEY, commits INTEGER NOT NULL) STRICT;
CREATE TABLE commits_per_utc_month (month TEXT PRIMARY KEY, commits INTEGER NOT NULL) STRICT;
-- on Committed
INSERT INTO author VALUES (:data ->> 'author', 1) ON CONFLICT (author) DO UPDATE SET commits = commits + 1;
INSERT INTO commits_per_utc_month VALUES (strftime('%Y-%m', :ts), 1)
ON CONFLICT (month) DO UPDATE SET commits = commits + 1;
