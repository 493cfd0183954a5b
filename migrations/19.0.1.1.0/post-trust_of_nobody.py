"""What an administrator once set as a user's address is nobody's when that user is gone, whoever has the contact now."""


def migrate(cr, version):
    cr.execute("""
        UPDATE res_partner SET office365_verified_email = NULL
         WHERE office365_verified_email IS NOT NULL
           AND id NOT IN (SELECT partner_id FROM res_users WHERE partner_id IS NOT NULL)
           AND id NOT IN (SELECT partner_id FROM res_company WHERE partner_id IS NOT NULL)
    """)
