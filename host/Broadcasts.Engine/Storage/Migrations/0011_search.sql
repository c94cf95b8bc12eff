-- The quick search reads names out of this and leaves the contacts alone: a fifth of the pages.
CREATE INDEX contacts_names ON contacts (first_name, last_name, id);
