import { openPreferences } from "@mail_office365/../tests/tours/steps";
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("mail_office365_alias", {
    steps: () => [
        ...openPreferences(),
        {
            content: "Help says what the alias does",
            trigger: ".o_form_view:contains(mail you send from Odoo goes out as this address)",
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
