-- projection: tree
-- version: 1
-- setup
CREATE TABLE tree (path TEXT PRIMARY KEY, blob TEXT NOT NULL, mode TEXT NOT NULL) STRICT;
-- on FileRenamed
DELETE FROM tree WHERE path = :data ->> 'from';
-- on FileAdded, FileModified, FileRenamed
INSERT INTO tree VALUES (substr(:stream, 6), :data ->> 'b', :data ->> 'm')
ON CONFLICT (path) DO UPDATE SET blob = excluded.blob, mode = excluded.mode;
-- on FileDeleted
DELETE FROM tree WHERE path = substr(:stream, 6);
