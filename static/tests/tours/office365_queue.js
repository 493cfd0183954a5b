import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("mail_office365_queue", {
    steps: () => [
        {
            content: "Only deferred mails are shown",
            trigger: ".o_searchview .o_facet_value:contains(Deferred)",
        },
        {
            content: "Send now, which is refused again",
            trigger: ".o_data_row:contains(Deferred offer) button[name=action_office365_send_now]",
            run: "click",
        },
        {
            content: "It says so",
            trigger: ".o_notification:contains(Not sent yet):contains(PRX4)",
        },
        {
            content: "Open the mail",
            trigger: ".o_data_row:contains(Deferred offer) [name=subject]",
            run: "click",
        },
        {
            content: "It says when it is tried again, and why",
            trigger: ".o_form_view .alert-info:contains(Next attempt):contains(PRX4)",
        },
        {
            content: "Cancel it",
            trigger: ".o_form_view button[name=cancel]",
            run: "click",
        },
        {
            content: "It is cancelled",
            trigger: ".o_form_view .o_arrow_button_current:contains(Cancelled)",
        },
    ],
});
