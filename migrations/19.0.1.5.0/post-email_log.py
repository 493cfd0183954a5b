"""Deliveries of before get lines in the email log, with the recipients whom the notifications of their messages still name."""


def migrate(cr, _version):
    cr.execute("""
        INSERT INTO office365_email (
            message_id, date, since, mail_server_id, user_id, company_id, email_from, subject, kind, state, cause, reply)
        SELECT DISTINCT ON (delivery.message_id)
               delivery.message_id, COALESCE(delivery.date, now() AT TIME ZONE 'UTC'), first.date, delivery.mail_server_id,
               delivery.user_id, delivery.company_id, delivery.email_from, message.subject, 'mail',
               CASE WHEN delivery.bounced <> '' THEN 'bounced'
                    WHEN delivery.state = 'deferred' AND NOT EXISTS (
                        SELECT FROM mail_mail mail WHERE mail.mail_message_id = message.id AND mail.state = 'outgoing') THEN 'failed'
                    ELSE delivery.state END,
               delivery.cause, delivery.reply
          FROM office365_delivery delivery
          JOIN (SELECT message_id, MIN(date) AS date FROM office365_delivery GROUP BY message_id) first USING (message_id)
          LEFT JOIN LATERAL (
            SELECT id, subject FROM mail_message WHERE mail_message.message_id = delivery.message_id ORDER BY id DESC LIMIT 1
          ) message ON TRUE
         WHERE delivery.message_id <> ''
         ORDER BY delivery.message_id, delivery.id DESC
        ON CONFLICT (message_id) DO NOTHING
    """)
    cr.execute("""
        UPDATE office365_delivery delivery SET email_id = email.id FROM office365_email email
         WHERE email.message_id = delivery.message_id AND delivery.email_id IS NULL
    """)
    cr.execute("""
        INSERT INTO office365_email_recipient (email_id, address, state)
        SELECT email.id, partner.email_normalized,
               CASE notification.notification_status WHEN 'sent' THEN 'sent' WHEN 'exception' THEN 'failed' WHEN 'bounce' THEN 'bounced'
                    WHEN 'canceled' THEN 'canceled' ELSE 'deferred' END
          FROM office365_email email
          JOIN mail_message message USING (message_id)
          JOIN mail_notification notification ON notification.mail_message_id = message.id AND notification.notification_type = 'email'
          JOIN res_partner partner ON partner.id = notification.res_partner_id
         WHERE partner.email_normalized <> ''
        ON CONFLICT (email_id, address) DO NOTHING
    """)
