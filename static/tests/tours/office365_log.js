import { registry } from "@web/core/registry";

// Names of fields and buttons, and what the test wrote, no labels: the tour is the same in every language.
// On a phone, the lines of a list are cards.
const line = (subject) => `.o_data_row:contains(${subject}), .o_kanban_record:contains(${subject})`;
const view = ".o_action_manager";
const back = { trigger: ".o_back_button", run: "click" };

registry.category("web_tour.tours").add("mail_office365_log", {
    steps: () => [
        {
            content: "Both customers are listed",
            trigger: `${view}:has(${line("Other offer")}):has(${line("Lost offer")})`,
        },
        {
            content: "Open the search",
            isActive: ["mobile"],
            trigger: ".o_control_panel button:has(.fa-search)",
            run: "click",
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
            trigger: `${view}:not(:has(${line("Other offer")})):has(${line("Lost offer")})`,
        },
        {
            content: "Open the filters",
            trigger: ".o_searchview_dropdown_toggler",
            run: "click",
        },
        {
            content: "Show what needs attention",
            trigger: ".o_filter_menu .o_menu_item:first",
            run: "click",
        },
        {
            content: "Close the filters",
            trigger: ".o_searchview_dropdown_toggler",
            run: "click",
        },
        {
            content: "Open the email: it did not arrive",
            trigger: ".o_data_row:contains(Lost offer):has([name=state] .text-bg-danger) [name=subject], .o_kanban_record:contains(Lost offer):has([name=state] .text-bg-danger)",
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
            trigger: `${view}:not(:has(.o_form_view)):has(.o_data_row, .o_kanban_record)`,
        },
        { content: "Back to the email", ...back },
        {
            content: "The email is shown",
            trigger: ".o_field_widget[name=delivery_ids]",
        },
        {
            content: "Open the buttons",
            isActive: ["mobile"],
            trigger: ".o_cp_action_menus button, .o_statusbar_buttons_dropdown button, .o_form_statusbar .o-dropdown",
            run: "click",
        },
        {
            content: "Retry: what was wrong is mended by now",
            trigger: "button[name=action_retry]",
            run: "click",
        },
        {
            content: "It was sent",
            trigger: ".o_field_widget[name=delivery_ids]:contains(250 2.0.0)",
        },
        { content: "Back to what needs attention", ...back },
        {
            content: "The email is gone from there",
            trigger: ".o_view_nocontent",
        },
    ],
});
