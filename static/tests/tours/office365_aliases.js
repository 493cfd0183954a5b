import { openPreferences } from "@mail_office365/../tests/tours/steps";
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("mail_office365_setup_aliases", {
    steps: () => [
        {
            content: "The step says how many have one",
            trigger: ".o_form_view:contains(13 internal users)",
        },
        {
            content: "Open the users",
            trigger: "button[name=action_aliases]",
            run: "click",
        },
        {
            content: "A sentence says where a proposal comes from",
            trigger: ".o_data_row:contains(user7@contoso.example):contains(From the user's email)",
        },
        {
            content: "Select all",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Set them",
            trigger: "button[name=action_set]",
            run: "click",
        },
        {
            content: "It says what was done",
            trigger: ".o_mail_office365_batch [role=status]:contains(13 of 13 done)",
        },
        {
            content: "Close",
            trigger: ".o_mail_office365_close",
            run: "click",
        },
        {
            content: "Those that are done are not shown any more",
            trigger: ".o_list_view:not(:has(.o_data_row:contains(user7@contoso.example)))",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_link_refused", {
    steps: () => [
        ...openPreferences(),
        {
            content: "Enter the alias",
            trigger: ".o_field_widget[name=office365_alias] input",
            run: "edit brant.wadsworth@contoso.example",
        },
        {
            content: "Save, which reloads the page",
            trigger: "button[name=preference_save]",
            run: "click",
            expectUnloadPage: true,
        },
        ...openPreferences(),
        {
            content: "It does not say that a link was sent",
            trigger: "[name=office365_link]:contains(Link not delivered):contains(The mail server refused the email with the confirmation link)",
        },
        {
            content: "The change can be cancelled",
            trigger: "button[name=action_office365_cancel_alias]",
        },
    ],
});
