-- projection: airports
-- version: 1
-- setup
CREATE TABLE airport (
  airport TEXT PRIMARY KEY, flights INTEGER NOT NULL, delay INTEGER NOT NULL, worst INTEGER NOT NULL,
  punctual INTEGER NOT NULL, miles INTEGER NOT NULL
) STRICT;
CREATE TABLE route (route TEXT PRIMARY KEY, flights INTEGER NOT NULL, delay INTEGER NOT NULL) STRICT;
-- on FlightFlown
INSERT INTO airport
VALUES (:stream, 1, :data ->> 'delay', :data ->> 'delay', (:data ->> 'delay') <= 15, :data ->> 'mi')
ON CONFLICT (airport) DO UPDATE SET
  flights = flights + 1, delay = delay + excluded.delay, worst = max(worst, excluded.worst),
  punctual = punctual + excluded.punctual, miles = miles + excluded.miles;
INSERT INTO route VALUES (substr(:stream, 9) || '>' || (:data ->> 'to'), 1, :data ->> 'delay')
ON CONFLICT (route) DO UPDATE SET flights = flights + 1, delay = delay + excluded.delay;
