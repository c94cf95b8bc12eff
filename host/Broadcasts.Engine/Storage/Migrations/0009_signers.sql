-- Who signed the package: the certificate's subject and SHA-256 fingerprint. Null for an unsigned one.
ALTER TABLE plugins ADD COLUMN signer TEXT NULL;
