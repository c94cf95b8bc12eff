-- PostgreSQL asks for the contact of each address row by row, a fifth of an import. Who writes an address makes its contact in the same transaction, or holds it locked; who deletes a contact deletes its addresses first.
-- On SQLite the key costs nothing worth telling, and stays.
$drop_address_key$;
