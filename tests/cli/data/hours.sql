-- projection: hours
-- version: 1
-- setup
CREATE TABLE hour_of_day (hour TEXT PRIMARY KEY, flights INTEGER NOT NULL, late INTEGER NOT NULL) STRICT;
-- on FlightFlown
INSERT INTO hour_of_day VALUES (substr(:ts, 12, 2), 1, (:data ->> 'delay') > 15)
ON CONFLICT (hour) DO UPDATE SET flights = flights + 1, late = late + excluded.late;
