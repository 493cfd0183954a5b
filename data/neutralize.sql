-- A copy of a database sends nothing and fetches nothing, and can not be made to by switching a server on again.
UPDATE ir_mail_server
   SET active = false, smtp_pass = NULL, smtp_ssl_certificate = NULL, smtp_ssl_private_key = NULL
 WHERE office365_preset IS NOT NULL;
UPDATE fetchmail_server
   SET active = false, state = 'draft', password = NULL
 WHERE office365_preset IS NOT NULL;
-- Nor sign in as the original: whatever it was signed in with is gone, as are all passwords that are kept encrypted.
DELETE FROM office365_token;
DELETE FROM office365_secret;
-- It tells nobody anything, and nobody can ask.
UPDATE office365_monitor SET webhook_url = NULL, token_digest = NULL, token_date = NULL;
