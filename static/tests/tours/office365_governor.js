import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("mail_office365_governor", {
    steps: () => [
        {
            content: "The server says that its mail waits, and why",
            trigger: ".alert[role=alert]:contains(Add-RecipientPermission):contains(Next attempt)",
        },
        {
            content: "Open the limits",
            trigger: ".nav-link[name=office365_limits]",
            run: "click",
        },
        {
            content: "What is used of the rate is shown beside it",
            trigger: ".o_field_widget[name=office365_minute_used] .o_progressbar:contains(2):contains(30)",
        },
        {
            content: "End the pause",
            trigger: ".alert[role=alert] button:contains(Resume Now)",
            run: "click",
        },
        {
            content: "It is over",
            trigger: ".o_form_view:not(:has(.alert button:contains(Resume Now)))",
        },
        {
            content: "Open what was sent today",
            trigger: ".oe_stat_button:contains(Deliveries Today)",
            run: "click",
        },
        {
            content: "Each message has a line, with its recipients",
            trigger: ".o_list_view .o_data_row:contains(@fabrikam.example) .badge:contains(Sent)",
        },
        {
            content: "Deliveries over time",
            trigger: ".o_switch_view.o_graph",
            run: "click",
        },
        {
            content: "A graph is drawn",
            trigger: ".o_graph_view canvas",
        },
        {
            content: "Deliveries by day and status",
            trigger: ".o_switch_view.o_pivot",
            run: "click",
        },
        {
            content: "A table is shown",
            trigger: ".o_pivot_view table",
        },
    ],
});
