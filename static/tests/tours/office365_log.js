import { registry } from "@web/core/registry";

// Names of fields and buttons, and what the test wrote, no labels: the tour is the same in every language.
const back = { trigger: ".o_back_button", run: "click" };

/** @param {string} row what is clicked to open a line; @param {Object[]} retry steps that press Retry */
function readRetryGone(row, retry) {
    return [
        {
            content: "Open the email that failed",
            trigger: row,
            run: "click",
        },
        {
            content: "The cause is named",
            trigger: ".o_form_sheet [role=alert] .o_field_widget[name=cause]:contains(/\\w/)",
        },
        {
            content: "And what to do about it",
            trigger: ".o_form_sheet [role=alert] .o_field_widget[name=remedy]:contains(/\\w/)",
        },
        {
            content: "The attempt is listed with the server's words",
            trigger: ".o_field_widget[name=delivery_ids]:contains(5.1.10):contains(customer@fabrikam.example)",
        },
        {
            content: "Read what the cause means",
            trigger: "button[name=action_explain]",
            run: "click",
        },
        {
            content: "It is on the page of causes",
            trigger:
                ".o_action_manager:not(:has(.o_form_view)) .o_data_row, .o_action_manager:not(:has(.o_form_view)) .o_kanban_record",
        },
        { content: "Back to the email", ...back },
        {
            content: "The email is shown",
            trigger: ".o_field_widget[name=delivery_ids]",
        },
        ...retry,
        {
            content: "It was sent",
            trigger: ".o_field_widget[name=delivery_ids]:contains(250 2.0.0)",
        },
        { content: "Back to what failed", ...back },
        {
            content: "It is gone",
            trigger: ".o_view_nocontent",
        },
    ];
}

registry.category("web_tour.tours").add("mail_office365_log", {
    steps: () => [
        {
            content: "Both customers are listed",
            trigger: `.o_list_view:has(.o_data_row:contains(Other offer)) .o_data_row:contains(Lost offer)`,
        },
        {
            content: "Look for the customer",
            trigger: ".o_searchview_input",
            run: "edit Carla",
        },
        {
            content: "By the contact's name",
            trigger: ".o_searchview_input",
            run: "press Enter",
        },
        {
            content: "The customer's emails are left",
            trigger: ".o_list_view:not(:has(.o_data_row:contains(Other offer))) .o_data_row:contains(Lost offer)",
        },
        {
            content: "Open the filters",
            trigger: ".o_searchview_dropdown_toggler",
            run: "click",
        },
        {
            content: "Show what failed",
            trigger: ".o_filter_menu .o_menu_item:first",
            run: "click",
        },
        {
            content: "That is the email in question",
            trigger: ".o_list_view .o_data_row:contains(Lost offer)",
        },
        ...readRetryGone(".o_data_row:contains(Lost offer) td[name=subject]", [
            {
                content: "Retry: what was wrong is mended by now",
                trigger: ".o_form_view button[name=action_retry]",
                run: "click",
            },
        ]),
    ],
});

registry.category("web_tour.tours").add("mail_office365_log_phone", {
    steps: () => [
        {
            content: "What failed is shown with its state",
            trigger: ".o_kanban_view .o_kanban_record:contains(Lost offer):has([name=state])",
        },
        ...readRetryGone(".o_kanban_record:contains(Lost offer)", [
            {
                content: "Open the buttons",
                trigger: ".o_cp_action_menus button, .o_statusbar_buttons_dropdown button, .o_form_statusbar .o-dropdown",
                run: "click",
            },
            {
                content: "Retry: what was wrong is mended by now",
                trigger: "button[name=action_retry], .o-dropdown-item button[name=action_retry]",
                run: "click",
            },
        ]),
    ],
});
