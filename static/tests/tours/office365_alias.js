import { openPreferences } from "@mail_office365/../tests/tours/steps";
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("mail_office365_alias", {
    steps: () => [
        ...openPreferences(),
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
            trigger: ".o_field_widget[name=office365_alias_state] .text-bg-warning:contains(/\\w/)",
        },
        {
            content: "It says what happens meanwhile",
            trigger: "[name=office365_pending] p:contains(/\\w/)",
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
            trigger: "main button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is confirmed",
            trigger: "main .alert-success[role=status]:contains(Brant Wadsworth)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_alias_cancel", {
    steps: () => [
        ...openPreferences(),
        {
            content: "The confirmed alias stays in force",
            trigger: "[name=office365_pending] .o_field_widget[name=office365_alias_in_force]:contains(brant.wadsworth@contoso.example)",
        },
        {
            content: "Send the link again",
            trigger: "button[name=action_office365_resend_link]",
            run: "click",
        },
        {
            content: "It was sent",
            trigger: ".o_notification:contains(other@contoso.example)",
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
            trigger: ".o_notification:contains(brant.wadsworth@contoso.example)",
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
            trigger: ".o_field_widget[name=office365_alias_state] .text-bg-success:contains(/\\w/)",
        },
    ],
});
