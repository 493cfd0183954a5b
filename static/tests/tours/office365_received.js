import { registry } from "@web/core/registry";

function chooseRow(subject) {
    return {
        content: `Choose ${subject}`,
        trigger: `.o_data_row:contains(${subject}) .o_list_record_selector input`,
        run: "click",
    };
}

registry.category("web_tour.tours").add("mail_office365_received", {
    steps: () => [
        {
            content: "What needs attention is shown",
            trigger: ".o_searchview .o_facet_value:contains(Needs Attention)",
        },
        {
            content: "The state is written, and why",
            trigger: ".o_data_row:contains(Lost order):contains(No Destination) [name=error_line]:contains(No alias takes mail)",
        },
        {
            content: "Open the message",
            trigger: ".o_data_row:contains(Lost order) [name=subject]",
            run: "click",
        },
        {
            content: "The cause and the remedy come first",
            trigger: ".o_form_sheet .alert-danger[role=alert]:contains(No alias takes mail):contains(Make an alias and retry)",
        },
        {
            content: "The message can be read, without its pictures and links",
            trigger: ".o_field_widget[name=preview]:contains(Please send ten):not(:has(img)):not(:has(a))",
        },
        {
            content: "Its recipient is shown",
            trigger: ".o_field_widget[name=preview_to]:contains(orders@contoso.example)",
        },
        {
            content: "The source can be downloaded",
            trigger: ".o_field_widget[name=raw]:contains(.eml)",
        },
        {
            content: "The cause is removed by now: retry",
            trigger: "button[name=action_retry]",
            run: "click",
        },
        {
            content: "It was processed",
            trigger: ".o_field_widget[name=state]:contains(Processed)",
        },
        {
            content: "Back to the list",
            trigger: ".breadcrumb-item a:contains(Received Mail), .o_back_button a:contains(Received Mail)",
            run: "click",
        },
        {
            content: "It is gone",
            trigger: ".o_list_view:has(.o_data_row:contains(Stray question)):not(:has(.o_data_row:contains(Lost order)))",
        },
    ],
});

function retryAll() {
    return [
        {
            content: "Select all",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Retry them",
            trigger: ".o_control_panel button[name=action_retry_selected]",
            run: "click",
        },
    ];
}

registry.category("web_tour.tours").add("mail_office365_retry_many", {
    steps: () => [
        ...retryAll(),
        {
            content: "How far it is is shown and said, and how many still need attention",
            trigger: ".o_mail_office365_batch [role=status][aria-live=polite]:contains(23 of 25 done, 2 failed)",
            timeout: 60000,
        },
        {
            content: "Close",
            trigger: ".o_mail_office365_close",
            run: "click",
        },
        {
            content: "The two are still there",
            trigger: "body:not(:has(.o_mail_office365_batch)) .o_list_view:has(.o_data_row:nth-child(2)):not(:has(.o_data_row:nth-child(3))) .o_data_row:contains(Poison)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_retry_stopped", {
    steps: () => [
        ...retryAll(),
        {
            content: "Stop",
            trigger: ".o_mail_office365_batch .o_mail_office365_stop:enabled",
            run: "click",
        },
        {
            content: "Those that were begun are done",
            trigger: ".o_mail_office365_batch:has(.o_mail_office365_close) [role=status]:contains(10 of 25 done)",
            timeout: 60000,
        },
        {
            content: "Close",
            trigger: ".o_mail_office365_close",
            run: "click",
        },
        {
            content: "The others are as they were",
            trigger: ".o_pager_limit:contains(15), .o_list_view:has(.o_data_row:nth-child(15)):not(:has(.o_data_row:nth-child(16)))",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_file_under", {
    steps: () => [
        chooseRow("Stray question"),
        {
            content: "File it",
            trigger: ".o_list_view button[name=action_file_under], .o_control_panel button[name=action_file_under]",
            run: "click",
        },
        {
            content: "The message is named",
            trigger: ".modal .o_data_row:contains(Stray question)",
        },
        {
            content: "Choose the kind of record",
            trigger: ".modal .o_field_widget[name=record] select",
            run: "selectByLabel Contact",
        },
        {
            content: "Look for the record",
            trigger: ".modal .o_field_widget[name=record] input[type=text], .modal .o_field_widget[name=record] .o-autocomplete--input",
            run: "edit Deal of the Tour",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item:contains(Deal of the Tour)",
            run: "click",
        },
        {
            content: "File",
            trigger: ".modal button[name=action_file]",
            run: "click",
        },
        {
            content: "It says where",
            trigger: ".o_notification:contains(filed under):contains(Deal of the Tour)",
        },
        {
            content: "It is gone from the list",
            trigger: "body:not(:has(.modal)) .o_list_view:not(:has(.o_data_row:contains(Stray question)))",
        },
        chooseRow("New request"),
        {
            content: "File the other one",
            trigger: ".o_control_panel button[name=action_file_under]",
            run: "click",
        },
        {
            content: "Under a new record",
            trigger: ".modal .o_radio_input[data-value=new]",
            run: "click",
        },
        {
            content: "Open the kinds",
            trigger: ".modal .o_field_widget[name=model] .o_select_menu_toggler",
            run: "click",
        },
        {
            content: "Choose the kind",
            trigger: ".o_select_menu_item:contains(/^Contact$/)",
            run: "click",
        },
        {
            content: "File",
            trigger: ".modal button[name=action_file]",
            run: "click",
        },
        {
            content: "Nothing needs attention any more",
            trigger: "body:not(:has(.modal)) .o_view_nocontent:contains(Nothing needs attention)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_folders", {
    steps: () => [
        {
            content: "The number of messages that need attention is on the button",
            trigger: "button[name=action_office365_inbound]:contains(Needs attention: 1)",
        },
        {
            content: "Open what concerns received mail",
            trigger: ".o_notebook a[name=office365_received]",
            run: "click",
        },
        {
            content: "List the folders of the mailbox",
            trigger: "button[name=action_office365_read_folders]",
            run: "click",
        },
        {
            content: "Choose another one",
            trigger: ".o_field_widget[name=office365_folder_ids] .o_data_row:contains(Invoices) .o_boolean_toggle input",
            run: "click",
        },
        {
            content: "Save",
            trigger: ".o_form_button_save:enabled",
            run: "click",
        },
        {
            content: "It is chosen",
            trigger: ".o_form_saved .o_data_row:contains(Invoices) .o_boolean_toggle input:checked",
        },
        {
            content: "Open the list",
            trigger: "button[name=action_office365_inbound]",
            run: "click",
        },
        {
            content: "It is this server's",
            trigger: ".o_list_view .o_data_row:contains(Lost order)",
        },
    ],
});
