{
    "name": "Office 365 Mail",
    "summary": "Run the mail of an Odoo database on Office 365 (Exchange Online)",
    "version": "19.0.1.0.0",
    "category": "Productivity/Discuss",
    "author": "mail_office365 contributors",
    "license": "LGPL-3",
    "depends": ["mail"],
    "data": [
        "security/ir.model.access.csv",
        "views/office365_delivery_views.xml",
        "views/ir_mail_server_views.xml",
        "views/fetchmail_server_views.xml",
        "views/office365_sender_views.xml",
        "views/office365_connection_test_views.xml",
        "views/office365_alias_change_views.xml",
        "views/res_users_views.xml",
        "views/link_templates.xml",
    ],
    "post_init_hook": "trust_what_is_there",
    "assets": {
        "web.assets_tests": ["mail_office365/static/tests/tours/**/*.js"],
    },
    "images": ["static/description/icon.png"],
    # Neither is loaded by Odoo: what the addon is built with, and what people read.
    "cloc_exclude": ["dev/**/*", "docs/**/*"],
}
