-- What pages say in the reader's language: code and values of a sentence, as JSON beside its English.
ALTER TABLE broadcasts ADD COLUMN status_told TEXT NULL;
ALTER TABLE audit ADD COLUMN told TEXT NULL;
