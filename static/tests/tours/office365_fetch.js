import { registry } from "@web/core/registry";

function fetchNow() {
    return {
        content: "Fetch now",
        trigger: "button[name=action_office365_fetch]",
        run: "click",
    };
}

registry.category("web_tour.tours").add("mail_office365_fetch", {
    steps: () => [
        {
            content: "Core's button, which shows nothing until it is over, is not there",
            trigger: ".o_form_view:not(:has(button[name=fetch_mail]))",
        },
        fetchNow(),
        {
            content: "The progress is shown and said",
            trigger: ".o_mail_office365_fetch:has(.progress-bar-animated):has(.o_mail_office365_stop) [role=status][aria-live=polite]:contains(20 of 25 messages fetched)",
        },
        {
            content: "How many came, and how many were kept",
            trigger:
                ".o_mail_office365_fetch:not(:has(.progress-bar-animated)) [role=status]:contains(23 processed, 0 ignored, 2 need attention.)",
        },
        {
            content: "The bar is full",
            trigger: ".o_mail_office365_fetch [role=progressbar][aria-valuenow='25'][aria-valuemax='25']",
        },
        {
            content: "Open what needs attention",
            trigger: ".o_mail_office365_attention:contains(Open 2 that need attention)",
            run: "click",
        },
        {
            content: "The dialog is gone",
            trigger: "body:not(:has(.o_mail_office365_fetch))",
        },
        {
            content: "The list shows the messages of this server that need attention",
            trigger: ".o_list_view:has(.o_data_row:nth-child(2)):not(:has(.o_data_row:nth-child(3))) .o_data_row:contains(Poison)",
        },
        {
            content: "by a filter",
            trigger: ".o_searchview .o_facet_value:contains(Needs Attention)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_fetch_stopped", {
    steps: () => [
        fetchNow(),
        {
            content: "Stop",
            trigger: ".o_mail_office365_stop:enabled",
            run: "click",
        },
        {
            content: "What is being fetched comes in, the rest stays where it is",
            trigger: ".o_mail_office365_fetch [role=status]:contains(20 processed):contains(takes the other 25)",
        },
        {
            content: "Close",
            trigger: ".o_mail_office365_close",
            run: "click",
        },
        {
            content: "The form shows the date of the fetch",
            trigger: "body:not(:has(.o_mail_office365_fetch)) .o_field_widget[name=date]:contains(/[0-9]/)",
        },
        fetchNow(),
        {
            content: "Escape closes it",
            trigger: ".o_mail_office365_fetch .o_mail_office365_stop",
            run: "press Escape",
        },
        {
            content: "It is gone",
            trigger: "body:not(:has(.o_mail_office365_fetch))",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_fetch_fails", {
    steps: () => [
        fetchNow(),
        {
            content: "The failure and its remedy are shown, and what came before",
            trigger: ".o_mail_office365_fetch:has([role=status]:contains(20 processed):contains(takes the other 5)) [role=alert]:contains(Suggested Backoff Time)",
        },
        {
            content: "Open what was processed",
            trigger: ".o_mail_office365_done",
            run: "click",
        },
        {
            content: "The list shows it",
            trigger: ".o_list_view .o_data_row:contains(Number 1)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_reconcile", {
    steps: () => [
        {
            content: "Compare",
            trigger: "button[name=action_office365_reconcile]",
            run: "click",
        },
        {
            content: "What is in the mailbox is counted",
            trigger:
                ".modal [name=summary]:contains(3 in the mailbox, 1 accounted for: 1 processed, 0 ignored, 0 need attention, 0 history, 0 wait for the next fetch.)",
        },
        {
            content: "The differences are named",
            trigger: ".modal .o_data_row:contains(Not fetched):contains(Overlooked):contains(customer@fabrikam.example)",
        },
        {
            content: "Fetch them",
            trigger: ".modal button[name=action_fetch]",
            run: "click",
        },
        {
            content: "They come",
            trigger: ".o_mail_office365_fetch [role=status]:contains(2 processed)",
        },
        {
            content: "The comparison is closed",
            trigger: "body:not(:has(.modal [name=summary])) .o_mail_office365_close",
            run: "click",
        },
        {
            content: "Compare again",
            trigger: "body:not(:has(.modal)) button[name=action_office365_reconcile]",
            run: "click",
        },
        {
            content: "Nothing is left",
            trigger: ".modal .alert-success:contains(Everything is accounted for.)",
        },
    ],
});
