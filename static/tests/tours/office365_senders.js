import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("mail_office365_senders", {
    steps: () => [
        {
            content: "A line says what mail of the user leaves as, and why",
            trigger:
                ".o_data_row:contains(Brant Wadsworth):contains(brant.wadsworth@contoso.example):has([name=alias_state] .text-bg-success) [name=why]:contains(/\\w/)",
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
            trigger: ".o_data_row:contains(Brant Wadsworth) [name=probe_state] .text-bg-success",
        },
        {
            content: "Open the address that is refused",
            trigger: ".o_data_row:has([name=probe_state] .text-bg-danger):contains(notifications@contoso.example) [name=why]",
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
            trigger: ".o_form_view [name=office365_default_from]:contains(Add-RecipientPermission 'notifications@contoso.example')",
        },
        {
            content: "Back to its addresses",
            trigger: "button[name=action_office365_senders]",
            run: "click",
        },
        {
            content: "They are shown with their states",
            trigger: ".o_list_view .o_data_row [name=probe_state] .text-bg-danger",
        },
    ],
});
