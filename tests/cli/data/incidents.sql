-- projection: incidents
-- version: 1
-- setup
CREATE TABLE incident (
  incident TEXT PRIMARY KEY, events INTEGER NOT NULL, last TEXT NOT NULL, teams INTEGER NOT NULL,
  people INTEGER NOT NULL, major INTEGER NOT NULL
) STRICT;
CREATE TABLE incident_team (incident TEXT, team TEXT, PRIMARY KEY (incident, team)) STRICT;
CREATE TABLE incident_person (incident TEXT, person TEXT, PRIMARY KEY (incident, person)) STRICT;
-- on Accepted, Completed, Queued, Unmatched
INSERT INTO incident_team VALUES (:stream, :data ->> 'team') ON CONFLICT DO NOTHING;
INSERT INTO incident_person VALUES (:stream, :data ->> 'who') ON CONFLICT DO NOTHING;
INSERT INTO incident
VALUES (:stream, 1, :type || '/' || (:data ->> 'sub'), 1, 1, (:data ->> 'impact') = 'Major')
ON CONFLICT (incident) DO UPDATE SET
  events = events + 1, last = excluded.last, major = max(major, excluded.major),
  teams = (SELECT count(*) FROM incident_team WHERE incident_team.incident = :stream),
  people = (SELECT count(*) FROM incident_person WHERE incident_person.incident = :stream);
