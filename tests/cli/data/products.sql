-- projection: products
-- version: 1
-- setup
CREATE TABLE per_product (product TEXT PRIMARY KEY, events INTEGER NOT NULL, incidents INTEGER NOT NULL) STRICT;
CREATE TABLE product_incident (product TEXT, incident TEXT, PRIMARY KEY (product, incident)) STRICT;
-- on *
INSERT INTO product_incident VALUES (:data ->> 'product', :stream) ON CONFLICT DO NOTHING;
INSERT INTO per_product VALUES (:data ->> 'product', 1, 1)
ON CONFLICT (product) DO UPDATE SET
  events = events + 1,
  incidents = (SELECT count(*) FROM product_incident WHERE product_incident.product = :data ->> 'product');
