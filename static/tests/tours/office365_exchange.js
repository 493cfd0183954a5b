import { openPreferences } from "@mail_office365/../tests/tours/steps";
import { registry } from "@web/core/registry";

// Starts on the page that the link in the mail leads to.
registry.category("web_tour.tours").add("mail_office365_alias_not_promised", {
    steps: () => [
        {
            content: "Confirm",
            trigger: "main button:contains(Confirm)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Nothing is promised that is up to Exchange",
            trigger: "main [role=status]:contains(as soon as Exchange lets it)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_alias_refused", {
    steps: () => [
        ...openPreferences(),
        {
            content: "It says what Exchange said when it was asked",
            trigger: "[name=office365_exchange]:contains(Exchange refuses this address):contains(until an administrator grants)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_default_from", {
    steps: () => [
        {
            content: "Odoo's own mail leaves as the mailbox, and there is a line that permits the default From",
            trigger:
                "[name=office365_default_from]:contains(Odoo's own emails are sent from erp@contoso.example):contains(Add-RecipientPermission 'notifications@contoso.example')",
        },
        {
            content: "Check all addresses",
            trigger: "button[name=action_office365_probe]",
            run: "click",
        },
        {
            content: "Some are checked",
            trigger: ".o_mail_office365_probe [role=status]:contains(5 of 6 addresses)",
        },
        {
            content: "Close the dialog before it is over",
            trigger: ".o_mail_office365_close",
            run: "click",
        },
        {
            content: "The server says that the check goes on",
            trigger: "body:not(:has(.modal)) .alert:contains(5 of 6 addresses) button:contains(Show Progress)",
        },
        {
            content: "Make the mailbox the default From",
            trigger: "button[name=action_office365_mailbox_as_default_from]",
            run: "click",
        },
        {
            content: "It is",
            trigger: ".o_notification:contains(erp@contoso.example is the default From address now)",
        },
        {
            content: "The banner is gone",
            trigger: ".o_form_view:not(:has([name=office365_default_from]))",
        },
    ],
});
