-- Each download, with its number of tries.
CREATE TABLE downloads (
    url text PRIMARY KEY,
    tries integer NOT NULL
);

-- Downloads that failed.
CREATE VIEW failed AS SELECT url FROM downloads WHERE tries > 3;

INSERT INTO downloads VALUES ('x', 1);
