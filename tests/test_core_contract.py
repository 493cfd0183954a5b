import inspect
from types import FunctionType

from odoo.addons.base.models.ir_attachment import IrAttachment
from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.base.models.res_users import ResUsers
from odoo.addons.mail.models import fetchmail
from odoo.addons.mail.models.discuss.discuss_channel import DiscussChannel
from odoo.addons.mail.models.mail_alias import MailAlias
from odoo.addons.mail.models.mail_alias_domain import MailAliasDomain
from odoo.addons.mail.models.mail_mail import MailMail
from odoo.addons.mail.models.mail_message import MailMessage
from odoo.addons.mail.models.mail_notification import MailNotification
from odoo.addons.mail.models.mail_render_mixin import MailRenderMixin
from odoo.addons.mail.models.mail_thread import MailThread
from odoo.addons.mail.models.models import Base
from odoo.addons.mail.models.res_partner import ResPartner
from odoo.tests import BaseCase, TransactionCase, tagged

# Every method of core that the addon overrides, with the parameters it relies on. Odoo renames its mail hooks now and
# then, and an override that nobody calls fails silently: the addon would be installed and do nothing.
OVERRIDDEN = {
    IrMail_Server: {
        "_connect__": [
            "host", "port", "user", "password", "encryption", "smtp_from", "ssl_certificate", "ssl_private_key",
            "smtp_debug", "mail_server_id", "allow_archived",
        ],
        "_find_mail_server": ["email_from", "mail_servers"],
        "_prepare_email_message__": ["message", "smtp_session"],
        "_prepare_smtp_to_list": ["message", "smtp_session"],
        "_get_test_email_from": [],
        "_get_test_email_to": [],
        "_onchange_encryption": [],
        "_compute_smtp_authentication_info": [],
        "test_smtp_connection": ["autodetect_max_email_size"],
        "create": ["vals_list"],
        "write": ["vals"],
        "unlink": [],
        "send_email": [
            "message", "mail_server_id", "smtp_server", "smtp_port", "smtp_user", "smtp_password", "smtp_encryption",
            "smtp_ssl_certificate", "smtp_ssl_private_key", "smtp_debug", "smtp_session",
        ],
    },
    fetchmail.FetchmailServer: {
        "_connect__": ["allow_archived"],
        "onchange_server_type": [],
        "fetch_mail": [],
        "_fetch_mail": ["batch_limit"],
        "create": ["vals_list"],
        "write": ["vals"],
    },
    MailAliasDomain: {"_find_aliases": ["email_list"], "create": ["vals_list"], "write": ["vals"], "unlink": []},
    MailMail: {
        "send": ["auto_commit", "raise_exception", "post_send_callback"],
        "_send": [
            "auto_commit", "raise_exception", "smtp_session", "alias_domain_id", "mail_server", "post_send_callback",
        ],
        "_split_by_mail_configuration": [],
        "_prepare_outgoing_list": ["mail_server", "doc_to_followers"],
        "process_email_queue": ["email_ids", "batch_size"],
        "send_after_commit": [],
        "mark_outgoing": [],
        "action_retry": [],
        "cancel": [],
        "create": ["vals_list"],
        "write": ["vals"],
        "search": ["domain", "offset", "limit", "order"],
    },
    MailMessage: {"create": ["vals_list"], "write": ["vals"]},
    MailNotification: {"format_failure_reason": [], "_to_store_defaults": ["target"]},
    ResUsers: {"create": ["vals_list"], "write": ["vals"], "_get_invalidation_fields": []},
    ResPartner: {
        "find_or_create": ["email", "assert_valid_email"],
        "_find_or_create_from_emails": [
            "emails", "ban_emails", "filter_found", "additional_values", "no_create", "sort_key", "sort_reverse",
        ],
    },
    MailThread: {
        "_mail_find_partner_from_emails": ["emails", "records", "force_create", "extra_domain"],
        "fields_get": ["allfields", "attributes"],
        "_notify_get_recipients": ["message", "msg_vals", "kwargs"],
        "message_process": ["model", "message", "custom_values", "save_original", "strip_attachments", "thread_id"],
        "message_route": ["message", "message_dict", "model", "thread_id", "custom_values"],
        "_message_route_process": ["message", "message_dict", "routes"],
        "message_parse": ["message", "save_original"],
        "_message_parse_extract_bounce": ["email_message", "message_dict"],
        "_detect_loop_sender": ["message", "message_dict", "routes"],
        "_routing_create_bounce_email": ["email_from", "body_html", "message", "mail_values"],
        "_mail_find_user_for_gateway": ["email_value", "alias"],
        "_detect_loop_headers": ["msg_dict"],
        "_routing_reset_bounce": ["email_message", "message_dict"],
        "_notify_thread_with_out_of_office": ["message", "recipients_data", "msg_vals", "kwargs"],
    },
    IrAttachment: {"_postprocess_contents": ["values"]},
    Base: {
        "_alias_get_error": ["message", "message_dict", "alias"],
        "_message_get_suggested_recipients_batch": [
            "reply_discussion", "reply_message", "no_create", "primary_email", "additional_partners",
        ],
    },
}

# What the addon calls of core and hands on, without overriding it.
CALLED = {
    IrMail_Server: {
        "_disable_send": [],
        "_smtp_login__": ["connection", "smtp_user", "smtp_password"],
        "_check_forced_mail_server": ["mail_server", "allow_archived", "smtp_from"],
        "_match_from_filter": ["email_from", "from_filter"],
        "_parse_from_filter": ["from_filter"],
        "_get_default_from_filter": [],
    },
    fetchmail.FetchmailServer: {"_imap_login__": ["connection"], "_get_connection_type": []},
    MailMail: {"_postprocess_sent_message": ["success_pids", "success_emails", "failure_reason", "failure_type"]},
    MailMessage: {"_notify_message_notification_update": [], "_is_thread_message": ["vals", "thread"]},
    MailRenderMixin: {
        "_render_encapsulate": ["layout_xmlid", "html", "add_context", "context_record"],
    },
    MailThread: {
        "_routing_handle_bounce": ["email_message", "message_dict"],
        "_partner_find_from_emails_single": ["emails", "avoid_alias", "ban_emails", "filter_found", "additional_values", "no_create"],
    },
    DiscussChannel: {"_get_or_create_chat": ["partners_to", "pin"]},
}


@tagged("post_install", "-at_install")
class TestCoreContract(BaseCase):

    def test_every_overridden_method_exists_in_core_with_its_parameters(self):
        self._check(OVERRIDDEN)

    def test_every_called_method_exists_in_core_with_its_parameters(self):
        self._check(CALLED)

    def test_core_still_calls_the_hooks(self):
        table = [
            (IrMail_Server.send_email, ["_connect__", "_prepare_email_message__", "_disable_send"]),
            (IrMail_Server.test_smtp_connection, ["_connect__", "_get_test_email_from", "_get_test_email_to"]),
            (MailMail._split_by_mail_configuration, ["_find_mail_server"]),
            (MailMail.send, ["_connect__", "_split_by_mail_configuration", "_send"]),
            (MailMail._send, ["_build_email__", "send_email", "_prepare_outgoing_list", "_postprocess_sent_message"]),
            (MailMail.process_email_queue, ["search", "send"]),
            (MailMail.send_after_commit, ["send"]),
            (MailMail.action_retry, ["mark_outgoing"]),
            (fetchmail.FetchmailServer._fetch_mail, ["_connect__"]),
            (fetchmail.FetchmailServer.button_confirm_login, ["_connect__"]),
            (ResUsers.write, ["_get_invalidation_fields"]),
            (MailThread._mail_find_user_for_gateway, ["_partner_find_from_emails_single"]),
            (MailThread._routing_check_route, ["_partner_find_from_emails_single", "_alias_get_error"]),
            (MailThread._message_parse_post_process, ["_partner_find_from_emails_single"]),
            (MailThread._partner_find_from_emails_single, ["_partner_find_from_emails"]),
            (MailThread._partner_find_from_emails, ["_find_or_create_from_emails"]),
            (MailThread._notify_thread, ["_notify_get_recipients"]),
            (MailThread.message_process, [
                "message_parse", "message_route", "_detect_loop_headers", "_detect_loop_sender", "_message_route_process"]),
            (MailThread.message_parse, ["_message_parse_extract_bounce"]),
            (MailThread.message_new, ["fields_get"]),
            (MailThread.message_route, ["_routing_create_bounce_email", "_mail_find_user_for_gateway"]),
            (MailAlias._alias_bounce_incoming_email, ["_routing_create_bounce_email"]),
            (IrAttachment._check_contents, ["_postprocess_contents"]),
        ]
        for method, hooks in table:
            source = inspect.getsource(method)
            for hook in hooks:
                with self.subTest(method=method.__qualname__, hook=hook):
                    self.assertIn(f".{hook}(", source)

    def test_the_connection_class_takes_a_verifying_context(self):
        self.assertIn("context", inspect.signature(fetchmail.OdooPOP3_SSL.__mro__[2].__init__).parameters)

    def _check(self, contract):
        for model, methods in contract.items():
            for name, parameters in methods.items():
                with self.subTest(model=model.__name__, method=name):
                    found = list(inspect.signature(getattr(model, name)).parameters)
                    self.assertEqual([parameter for parameter in found if parameter not in ("self", "cls")], parameters)


# By model, the file in which all hooks of core's and of other addons' stand that the addon extends.
DOORS = {
    "ir.mail_server": "ir_mail_server", "mail.mail": "mail_mail", "mail.message": "mail_message", "mail.thread": "mail_thread",
    "fetchmail.server": "fetchmail_server", "ir.attachment": "ir_attachment",
}
ADDON = "odoo.addons.mail_office365."
# Lists that each file adds its fields to, as core does it: the order means nothing.
_LISTS = {"SELF_READABLE_FIELDS", "SELF_WRITEABLE_FIELDS"}


@tagged("post_install", "-at_install")
class TestDoors(TransactionCase):
    """A hook is extended once, in one file a model: else the order in which files are loaded would decide what is done first."""

    def test_hooks_of_others_are_extended_in_the_door_alone(self):
        for model, door in DOORS.items():
            ours, others = self.kinds(model)
            hooks = {name for kind in others for name in methods(kind)}
            for kind in ours:
                if kind.__module__ != f"{ADDON}models.{door}":
                    with self.subTest(model=model, file=kind.__module__):
                        self.assertFalse(hooks & methods(kind))

    def test_what_the_doors_extend_is_what_the_contract_is_about(self):
        contract = {kind._name: set(hooks) for kind, hooks in OVERRIDDEN.items()}
        for model, door in DOORS.items():
            ours, others = self.kinds(model)
            [kind] = [kind for kind in ours if kind.__module__ == f"{ADDON}models.{door}"]
            with self.subTest(model=model):
                self.assertFalse({name for name in methods(kind) if not any(hasattr(other, name) for other in others)})
                self.assertFalse(methods(kind) - contract["base"] - contract[model])

    def test_no_method_of_ours_extends_another_one_of_ours(self):
        """On no model at all, ours included."""
        for model in self.registry:
            ours = [kind for kind in self.kinds(model)[0] if kind._name == model]
            names = [name for kind in ours for name in methods(kind) - _LISTS]
            with self.subTest(model=model):
                self.assertCountEqual(names, set(names))

    def kinds(self, model):
        """Return the classes that a model is made of: ours, and those of core and other addons."""
        ours, others = [], []
        for kind in self.registry[model].mro()[:-1]:
            (ours if kind.__module__.startswith(ADDON) else others).append(kind)
        return ours, others


def methods(kind):
    return {name for name, value in vars(kind).items() if isinstance(value, (FunctionType, property, classmethod))}
