-- Measurements: what the scopes readmeasurements and writemeasurements guard. Start, creation and
-- update are whole microseconds since 1970 (UTC).

-- Reference data: seeded here, the same on every server. Measurements and variables name units and
-- categories by id without a foreign key, for these rows never go.
CREATE TABLE unit_categories (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

-- `steps`, in order, lead to the category's own unit (whose steps are empty); their values are
-- exact decimals or fractions. NULL: the unit converts into nothing else.
CREATE TABLE units (
  id INTEGER PRIMARY KEY,
  category_id INTEGER NOT NULL,
  name TEXT NOT NULL UNIQUE,
  abbreviated_name TEXT NOT NULL UNIQUE,
  minimum REAL,
  maximum REAL,
  steps TEXT
);

CREATE TABLE variable_categories (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

CREATE TABLE variables (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  category_id INTEGER NOT NULL,
  unit_id INTEGER NOT NULL,
  combination TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (user_id, name)
);

-- `value` is in the variable's unit, to compare and to sort by; `stored_value` is what was sent, in
-- the unit that it was sent in. `user_id` is the variable's: it is the way to a person's rows.
CREATE TABLE measurements (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id BIGINT NOT NULL,
  variable_id BIGINT NOT NULL REFERENCES variables (id) ON DELETE CASCADE,
  source TEXT NOT NULL,
  start_at BIGINT NOT NULL,
  value REAL NOT NULL,
  stored_value REAL NOT NULL,
  stored_unit_id INTEGER NOT NULL,
  note TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (variable_id, start_at, source)
);
CREATE INDEX measurements_by_start ON measurements (user_id, start_at);
CREATE INDEX measurements_by_update ON measurements (user_id, updated_at);

-- Who among the apps read or wrote whose measurements: what is alike within one hour is one row.
CREATE TABLE accesses (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hour BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id TEXT NOT NULL,
  action TEXT NOT NULL,
  variable TEXT NOT NULL,
  category TEXT NOT NULL,
  measurements BIGINT NOT NULL,
  requests BIGINT NOT NULL,
  UNIQUE (user_id, hour, client_id, action, variable, category)
);
CREATE INDEX accesses_by_user ON accesses (user_id, id);

-- To walk through the people of one app in order.
DROP INDEX consents_by_client;
CREATE INDEX consents_by_client ON consents (client_id, user_id);

INSERT INTO unit_categories (id, name) VALUES
  (1, 'Duration'),
  (2, 'Distance'),
  (3, 'Weight'),
  (4, 'Volume'),
  (5, 'Rating'),
  (6, 'Energy'),
  (7, 'Temperature'),
  (8, 'Proportion'),
  (9, 'Pressure'),
  (10, 'Miscellany');

INSERT INTO units (id, category_id, name, abbreviated_name, minimum, maximum, steps) VALUES
  (1, 1, 'Seconds', 's', 0, NULL, '[]'),
  (2, 1, 'Milliseconds', 'ms', 0, NULL, '[["MULTIPLY", "1/1000"]]'),
  (3, 1, 'Minutes', 'min', 0, NULL, '[["MULTIPLY", "60"]]'),
  (4, 1, 'Hours', 'h', 0, NULL, '[["MULTIPLY", "3600"]]'),
  (5, 1, 'Days', 'd', 0, NULL, '[["MULTIPLY", "86400"]]'),
  (6, 2, 'Meters', 'm', 0, NULL, '[]'),
  (7, 2, 'Millimeters', 'mm', 0, NULL, '[["MULTIPLY", "1/1000"]]'),
  (8, 2, 'Centimeters', 'cm', 0, NULL, '[["MULTIPLY", "1/100"]]'),
  (9, 2, 'Kilometers', 'km', 0, NULL, '[["MULTIPLY", "1000"]]'),
  (10, 2, 'Inches', 'in', 0, NULL, '[["MULTIPLY", "0.0254"]]'),
  (11, 2, 'Feet', 'ft', 0, NULL, '[["MULTIPLY", "0.3048"]]'),
  (12, 2, 'Yards', 'yd', 0, NULL, '[["MULTIPLY", "0.9144"]]'),
  (13, 2, 'Miles', 'mi', 0, NULL, '[["MULTIPLY", "1609.344"]]'),
  (14, 3, 'Kilograms', 'kg', 0, NULL, '[]'),
  (15, 3, 'Grams', 'g', 0, NULL, '[["MULTIPLY", "1/1000"]]'),
  (16, 3, 'Milligrams', 'mg', 0, NULL, '[["MULTIPLY", "1/1000000"]]'),
  (17, 3, 'Micrograms', 'mcg', 0, NULL, '[["MULTIPLY", "1/1000000000"]]'),
  (18, 3, 'Pounds', 'lb', 0, NULL, '[["MULTIPLY", "0.45359237"]]'),
  (19, 3, 'Ounces', 'oz', 0, NULL, '[["MULTIPLY", "0.028349523125"]]'),
  (20, 4, 'Liters', 'L', 0, NULL, '[]'),
  (21, 4, 'Milliliters', 'mL', 0, NULL, '[["MULTIPLY", "1/1000"]]'),
  (22, 4, 'Fluid Ounces', 'fl oz', 0, NULL, '[["MULTIPLY", "0.0295735295625"]]'),
  (23, 4, 'Cups', 'cup', 0, NULL, '[["MULTIPLY", "0.2365882365"]]'),
  (24, 4, 'Quarts', 'qt', 0, NULL, '[["MULTIPLY", "0.946352946"]]'),
  (25, 4, 'Gallons', 'gal', 0, NULL, '[["MULTIPLY", "3.785411784"]]'),
  (26, 5, 'Percent', '%', 0, 100, '[]'),
  (27, 5, '0 to 1 Rating', '/1', 0, 1, '[["MULTIPLY", "100"]]'),
  (28, 5, '1 to 3 Rating', '/3', 1, 3, '[["ADD", "-1"], ["MULTIPLY", "50"]]'),
  (29, 5, '1 to 5 Rating', '/5', 1, 5, '[["ADD", "-1"], ["MULTIPLY", "25"]]'),
  (30, 5, '0 to 5 Rating', '/6', 0, 5, '[["MULTIPLY", "20"]]'),
  (31, 5, '1 to 10 Rating', '/10', 1, 10, '[["ADD", "-1"], ["MULTIPLY", "100/9"]]'),
  (32, 5, '-4 to 4 Rating', '-4 to 4', -4, 4, '[["ADD", "4"], ["MULTIPLY", "12.5"]]'),
  (33, 6, 'Kilocalories', 'kcal', 0, NULL, '[]'),
  (34, 6, 'Calories', 'cal', 0, NULL, '[["MULTIPLY", "1/1000"]]'),
  (35, 6, 'Kilojoules', 'kJ', 0, NULL, '[["MULTIPLY", "125/523"]]'),
  (36, 6, 'Joules', 'J', 0, NULL, '[["MULTIPLY", "1/4184"]]'),
  (37, 7, 'Degrees Celsius', 'C', -273.15, NULL, '[]'),
  (38, 7, 'Degrees Fahrenheit', 'F', -459.67, NULL, '[["ADD", "-32"], ["MULTIPLY", "5/9"]]'),
  (39, 7, 'Kelvin', 'K', 0, NULL, '[["ADD", "-273.15"]]'),
  (40, 8, 'Ratio', 'ratio', 0, NULL, '[]'),
  (41, 8, 'Parts per Million', 'ppm', 0, NULL, '[["MULTIPLY", "1/1000000"]]'),
  (42, 8, 'Parts per Billion', 'ppb', 0, NULL, '[["MULTIPLY", "1/1000000000"]]'),
  (43, 9, 'Pascal', 'Pa', 0, NULL, '[]'),
  (44, 9, 'Hectopascal', 'hPa', 0, NULL, '[["MULTIPLY", "100"]]'),
  (45, 9, 'Kilopascal', 'kPa', 0, NULL, '[["MULTIPLY", "1000"]]'),
  (46, 9, 'Millibar', 'mbar', 0, NULL, '[["MULTIPLY", "100"]]'),
  (47, 9, 'Millimeters Mercury', 'mmHg', 0, NULL, '[["MULTIPLY", "133.322387415"]]'),
  (48, 9, 'Torr', 'torr', 0, NULL, '[["MULTIPLY", "20265/152"]]'),
  (49, 9, 'Inches Mercury', 'inHg', 0, NULL, '[["MULTIPLY", "3386.389"]]'),
  (50, 10, 'Count', 'count', NULL, NULL, NULL),
  (51, 10, 'Event', 'event', NULL, NULL, NULL),
  (52, 10, 'Index', 'index', NULL, NULL, NULL),
  (53, 10, 'Units', 'units', NULL, NULL, NULL),
  (54, 10, 'Beats per Minute', 'bpm', 0, NULL, NULL),
  (55, 10, 'Breaths per Minute', 'rpm', 0, NULL, NULL),
  (56, 10, 'Dollars', '$', NULL, NULL, NULL),
  (57, 10, 'Decibels', 'dB', NULL, NULL, NULL),
  (58, 10, 'Degrees North', 'degrees north', -90, 90, NULL),
  (59, 10, 'Degrees East', 'degrees east', -180, 180, NULL),
  (60, 10, 'International Units', 'IU', 0, NULL, NULL),
  (61, 10, 'Doses', 'doses', 0, NULL, NULL),
  (62, 10, 'Servings', 'servings', 0, NULL, NULL),
  (63, 10, 'Pieces', 'pieces', 0, NULL, NULL),
  (64, 10, 'Pills', 'pills', 0, NULL, NULL),
  (65, 10, 'Tablets', 'tablets', 0, NULL, NULL),
  (66, 10, 'Capsules', 'capsules', 0, NULL, NULL),
  (67, 10, 'Drops', 'drops', 0, NULL, NULL),
  (68, 10, 'Sprays', 'sprays', 0, NULL, NULL),
  (69, 10, 'Puffs', 'puffs', 0, NULL, NULL),
  (70, 10, 'Applications', 'applications', 0, NULL, NULL),
  (71, 10, 'Milligrams per Deciliter', 'mg/dL', 0, NULL, NULL),
  (72, 10, 'Millimoles per Liter', 'mmol/L', 0, NULL, NULL),
  (73, 10, 'Kilometers per Hour', 'km/h', 0, NULL, NULL),
  (74, 10, 'Yes/No', 'yes/no', 0, 1, NULL);

INSERT INTO variable_categories (id, name) VALUES
  (1, 'Emotions'),
  (2, 'Sleep'),
  (3, 'Symptoms'),
  (4, 'Treatments'),
  (5, 'Physical Activity'),
  (6, 'Vital Signs'),
  (7, 'Foods'),
  (8, 'Nutrients'),
  (9, 'Environment'),
  (10, 'Cognitive Performance'),
  (11, 'Physique'),
  (12, 'Work'),
  (13, 'Location'),
  (14, 'Social Interactions'),
  (15, 'Activities'),
  (16, 'Conditions'),
  (17, 'Causes of Illness'),
  (18, 'Goals'),
  (19, 'Music'),
  (20, 'Movies and TV'),
  (21, 'Books'),
  (22, 'Software'),
  (23, 'Purchases'),
  (24, 'Miscellaneous');
