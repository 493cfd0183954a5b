import { registry } from "@web/core/registry";
import { rpc } from "@web/core/network/rpc";

// Where the local servers listen is only known when they run: the test leaves it in system parameters.
function parameter(name) {
    return rpc("/web/dataset/call_kw/ir.config_parameter/get_param", {
        model: "ir.config_parameter",
        method: "get_param",
        args: [`mail_office365.tour.${name}`],
        kwargs: {},
    });
}

function choosePreset(label) {
    return [
        {
            content: "Open the presets",
            trigger: ".o_field_widget[name=office365_preset] .o_select_menu_toggler",
            run: "click",
        },
        {
            content: `Choose ${label}`,
            trigger: `.o_select_menu_item:contains(${label})`,
            run: "click",
        },
    ];
}

function expectValue(field, value) {
    return {
        content: `${field} is ${value}`,
        trigger: `.o_field_widget[name=${field}] input:value(${value})`,
    };
}

function enterParameter(field, name) {
    return {
        content: `Enter ${name} in ${field}`,
        trigger: `.o_field_widget[name=${field}] input`,
        async run({ edit }) {
            await edit(await parameter(name));
        },
    };
}

// Microsoft's sign-in is chosen; the local server of these tours takes a password as well.
function signInByPassword() {
    return [
        {
            content: "Microsoft's sign-in is chosen",
            trigger: ".o_field_widget[name=office365_sign_in_by] input[data-value=office365]:checked",
        },
        {
            content: "Sign in by password",
            trigger: ".o_field_widget[name=office365_sign_in_by] input[data-value=login]",
            run: "click",
        },
    ];
}

function openPreferences() {
    return [
        {
            content: "Open the user menu",
            trigger: ".o_user_menu .dropdown-toggle",
            run: "click",
        },
        {
            content: "Open Preferences",
            trigger: "[data-menu=preferences]",
            run: "click",
        },
    ];
}

registry.category("web_tour.tours").add("mail_office365_outgoing", {
    steps: () => [
        {
            content: "Make a new outgoing server",
            trigger: ".o_list_button_add",
            run: "click",
        },
        ...choosePreset("Client submission"),
        expectValue("name", "Office 365 Outgoing Mail Server"),
        expectValue("smtp_host", "smtp.office365.com"),
        expectValue("smtp_port", "587"),
        ...signInByPassword(),
        {
            content: "The end of passwords at Microsoft is announced",
            trigger: ".alert-warning:contains(December 2026)",
        },
        {
            content: "There is no choice of encryption to get wrong",
            trigger: ".o_form_view:not(:has(.o_field_widget[name=smtp_encryption]))",
        },
        enterParameter("smtp_host", "submission_host"),
        enterParameter("smtp_port", "submission_port"),
        enterParameter("smtp_user", "mailbox"),
        enterParameter("smtp_pass", "password"),
        {
            content: "Test the connection",
            trigger: "button[name=action_office365_test]",
            run: "click",
        },
        {
            content: "The test is green, and each stage is shown, the last one with the server's reply",
            trigger: ".o_mail_office365_test:has(.alert-success) [data-stage=content]:contains(Passed):contains(2.0.0 OK)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_alias", {
    steps: () => [
        ...openPreferences(),
        {
            content: "Help says what the alias does",
            trigger: ".o_form_view:contains(Emails you send from Odoo come from this address)",
        },
        {
            content: "Enter the alias",
            trigger: ".o_field_widget[name=office365_alias] input",
            run: "edit Brant.Wadsworth@contoso.example",
        },
        {
            content: "Save, which reloads the page",
            trigger: "button[name=preference_save]",
            run: "click",
            expectUnloadPage: true,
        },
        ...openPreferences(),
        {
            content: "It is stored in its one form and waits for a confirmation",
            trigger: ".o_field_widget[name=office365_alias] input:value(brant.wadsworth@contoso.example)",
        },
        {
            content: "Its state is shown",
            trigger: ".o_field_widget[name=office365_alias_state]:contains(Pending)",
        },
        {
            content: "It says what happens meanwhile",
            trigger: "[name=office365_pending]:contains(Until then, nothing changes.)",
        },
        {
            content: "The link can be sent again, or the change cancelled",
            trigger: "button[name=action_office365_resend_link] ~ button[name=action_office365_cancel_alias]",
        },
    ],
});

// Starts on the page that the link in the mail leads to.
registry.category("web_tour.tours").add("mail_office365_link", {
    steps: () => [
        {
            content: "The page says whose address it is",
            trigger: "main:contains(Brant Wadsworth):contains(brant.wadsworth@contoso.example)",
        },
        {
            content: "Confirm",
            trigger: "main button:contains(Confirm)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is confirmed",
            trigger: "main [role=status]:contains(Confirmed)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_alias_cancel", {
    steps: () => [
        ...openPreferences(),
        {
            content: "The confirmed alias stays in force",
            trigger: "[name=office365_pending]:contains(Until then, mail is sent as):contains(brant.wadsworth@contoso.example)",
        },
        {
            content: "Send the link again",
            trigger: "button[name=action_office365_resend_link]",
            run: "click",
        },
        {
            content: "It was sent",
            trigger: ".o_notification:contains(A link is on its way to other@contoso.example)",
        },
        {
            content: "The dialog closes",
            trigger: "body:not(:has(.modal))",
        },
        ...openPreferences(),
        {
            content: "Cancel the change",
            trigger: "button[name=action_office365_cancel_alias]",
            run: "click",
        },
        {
            content: "It was cancelled",
            trigger: ".o_notification:contains(Cancelled. Mail goes out as brant.wadsworth@contoso.example)",
        },
        {
            content: "The dialog closes",
            trigger: "body:not(:has(.modal))",
        },
        ...openPreferences(),
        {
            content: "The confirmed alias is back",
            trigger: ".o_field_widget[name=office365_alias] input:value(brant.wadsworth@contoso.example)",
        },
        {
            content: "Its state is shown",
            trigger: ".o_field_widget[name=office365_alias_state]:contains(Confirmed)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_incoming", {
    steps: () => [
        {
            content: "Make a new incoming server",
            trigger: ".o_list_button_add",
            run: "click",
        },
        ...choosePreset("IMAP"),
        expectValue("name", "Office 365 Incoming Mail Server"),
        expectValue("server", "outlook.office365.com"),
        expectValue("port", "993"),
        enterParameter("server", "imap_host"),
        enterParameter("port", "imap_port"),
        enterParameter("user", "mailbox"),
        ...signInByPassword(),
        enterParameter("password", "password"),
        {
            content: "Test and confirm",
            trigger: "button[name=action_office365_test]",
            run: "click",
        },
        {
            content: "All stages are passed",
            trigger: ".o_mail_office365_test .alert-success",
        },
        {
            content: "Close",
            trigger: ".o_mail_office365_close",
            run: "click",
        },
        {
            content: "Fetch now",
            trigger: "button[name=action_office365_fetch]",
            run: "click",
        },
        {
            content: "It tells what came",
            trigger: ".o_mail_office365_fetch [role=status]:contains(1 processed)",
        },
        {
            content: "Close",
            trigger: ".o_mail_office365_close",
            run: "click",
        },
        {
            content: "The date of the fetch is shown",
            trigger: ".o_field_widget[name=date]:contains(/[0-9]/)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_senders", {
    steps: () => [
        {
            content: "A line says what mail of the user leaves as, and why",
            trigger:
                ".o_data_row:contains(Brant Wadsworth):contains(brant.wadsworth@contoso.example):contains(Confirmed alias)",
        },
        {
            content: "Choose all lines",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Probe them",
            trigger: "button[name=action_probe]",
            run: "click",
        },
        {
            content: "The notice names what is refused",
            trigger: ".o_notification:contains(notifications@contoso.example)",
        },
        {
            content: "The alias is allowed",
            trigger: ".o_data_row:contains(Brant Wadsworth) [name=probe_state]:contains(Allowed)",
        },
        {
            content: "Open the address that is refused",
            trigger: ".o_data_row:has([name=probe_state]:contains(Refused)):contains(notifications@contoso.example) [name=why]",
            run: "click",
        },
        {
            content: "The line for PowerShell is there to be copied",
            trigger:
                ".o_form_view .alert:has(.o_clipboard_button):contains(Add-RecipientPermission 'notifications@contoso.example' -Trustee 'erp@contoso.example')",
        },
        {
            content: "With Exchange's own words",
            trigger: ".o_field_widget[name=probe_explanation]:contains(SendAsDenied)",
        },
        {
            content: "Open the server",
            trigger: ".o_field_widget[name=mail_server_id] a",
            run: "click",
        },
        {
            content: "It says that the mailbox stands in for the refused default From, and how to grant it",
            trigger: ".o_form_view [name=office365_default_from]:contains(Refused by Exchange):contains(Add-RecipientPermission 'notifications@contoso.example')",
        },
        {
            content: "Back to its addresses",
            trigger: "button[name=action_office365_senders]",
            run: "click",
        },
        {
            content: "They are shown with their states",
            trigger: ".o_list_view .o_data_row [name=probe_state]:contains(Refused)",
        },
    ],
});

// The tour leaves Odoo for Microsoft's page, and goes on where that leads back to.
function signInWithMicrosoft() {
    return [
        {
            content: "Nobody signed in yet",
            trigger: ".o_field_widget[name=office365_sign_in_status]:contains(has not signed in yet)",
        },
        {
            content: "Go to Microsoft's page",
            trigger: "button[name=action_office365_sign_in]",
            run: "click",
            expectUnloadPage: true,
        },
    ];
}

function backFromPage(words) {
    return [
        {
            content: `The page says: ${words}`,
            trigger: `.alert-danger[role=alert]:contains(${words})`,
        },
        {
            content: "Go back to the mail server",
            trigger: "a.btn-primary:contains(Back to Odoo)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Still nobody signed in",
            trigger: ".o_field_widget[name=office365_sign_in_status]:contains(has not signed in yet)",
        },
    ];
}

registry.category("web_tour.tours").add("mail_office365_sign_in", {
    steps: () => [
        ...signInWithMicrosoft(),
        {
            content: "Back on the mail server, the mailbox is signed in",
            trigger: ".o_field_widget[name=office365_sign_in_status]:contains(erp@contoso.example is signed in)",
        },
        {
            content: "Test the connection",
            trigger: "button[name=action_office365_test]",
            run: "click",
        },
        {
            content: "It works",
            trigger: ".o_mail_office365_test .alert-success",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_sign_in_as_another", {
    steps: () => [
        ...signInWithMicrosoft(),
        ...backFromPage("brant.wadsworth@contoso.example signed in, but the mail server signs in as erp@contoso.example"),
    ],
});

registry.category("web_tour.tours").add("mail_office365_sign_in_declined", {
    steps: () => [...signInWithMicrosoft(), ...backFromPage("Grant admin consent")],
});

registry.category("web_tour.tours").add("mail_office365_chatter", {
    steps: () => [
        {
            content: "The envelope of the deferred mail is no red one, and says so to a screen reader",
            trigger:
                ".o-mail-Message:contains(Deferred offer) .o-mail-Message-notification:not(.text-danger):has(.fa-clock-o[aria-label^='Retrying at'])",
            run: "click",
        },
        {
            content: "It says when the mail is tried again, and why",
            trigger:
                ".o-mail-MessageNotificationPopover:contains(Carla Customer):contains(Retrying at):contains(Server busy):not(:contains(PRX4))",
        },
        {
            content: "The envelope of the failed mail is red",
            trigger: ".o-mail-Message:contains(Failed offer) .o-mail-Message-notification.text-danger",
            run: "click",
        },
        {
            content: "It says why in a plain sentence; the server's words are for others",
            trigger:
                ".o-mail-MessageNotificationPopover:contains(Otto Other):not(:has(details)):not(:contains(5.1.10)) .o-mail_office365-reason:contains(check the address)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_queue", {
    steps: () => [
        {
            content: "Only deferred mails are shown",
            trigger: ".o_searchview .o_facet_value:contains(Deferred)",
        },
        {
            content: "Send now, which is refused again",
            trigger: ".o_data_row:contains(Deferred offer) button[name=action_office365_send_now]",
            run: "click",
        },
        {
            content: "It says so",
            trigger: ".o_notification:contains(Not sent yet):contains(PRX4)",
        },
        {
            content: "Open the mail",
            trigger: ".o_data_row:contains(Deferred offer) [name=subject]",
            run: "click",
        },
        {
            content: "It says when it is tried again, and why",
            trigger: ".o_form_view .alert-info:contains(Next attempt):contains(PRX4)",
        },
        {
            content: "Cancel it",
            trigger: ".o_form_view button[name=cancel]",
            run: "click",
        },
        {
            content: "It is cancelled",
            trigger: ".o_form_view .o_arrow_button_current:contains(Cancelled)",
        },
    ],
});
