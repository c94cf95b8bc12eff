-- The version that served before the desired one: the way back.
ALTER TABLE plugin_desired ADD COLUMN previous TEXT NULL;
-- Why a version was taken out of service again; null while nothing speaks against it.
ALTER TABLE plugins ADD COLUMN taken_back TEXT NULL;
