import { registry } from "@web/core/registry";

// Names of fields and buttons, and what the test wrote, no labels: the tour is the same in every language.
const ROW = ":is(.o_data_row, .o_kanban_record:not(.o_kanban_ghost))";

const readRetryGone = [
    {
        content: "Open the email that failed",
        trigger: `${ROW}:contains(Lost offer) :is(td[name=subject], [name=subject], span:contains(Lost offer))`,
        run: "click",
    },
    {
        content: "The cause is named, and what to do about it",
        trigger:
            ".o_form_sheet [role=alert]:has([name=cause]:contains(/./)):has(button[name=action_explain]) .o_field_widget[name=remedy]:contains(/./)",
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
        trigger: `${ROW}:contains(5.1.10), ${ROW}:contains(/Contacts/), .o_form_view .o_field_widget[name=signs]`,
    },
    {
        content: "Back to the email",
        trigger: ".o_back_button, .breadcrumb-item:last-of-type a",
        run: "click",
    },
    {
        content: "Retry: the cause is removed by now",
        trigger: ".o_form_view button[name=action_retry]:visible, .o_cp_action_menus .dropdown-toggle, .o_statusbar_buttons .dropdown-toggle",
        run: "click",
    },
    {
        content: "It was sent",
        trigger: ".o_field_widget[name=delivery_ids]:contains(250 2.0.0)",
    },
    {
        content: "Back to the list",
        trigger: ".o_back_button, .breadcrumb-item:last-of-type a",
        run: "click",
    },
    {
        content: "It is gone from what failed",
        trigger: `.o_view_nocontent, .o_content:not(:has(${ROW}:contains(Lost offer)))`,
    },
];

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
        ...readRetryGone,
    ],
});

registry.category("web_tour.tours").add("mail_office365_log_phone", {
    steps: () => [
        {
            content: "What failed is shown with its state",
            trigger: ".o_kanban_view .o_kanban_record:contains(Lost offer):has([name=state])",
        },
        ...readRetryGone,
    ],
});
