import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("mail_office365_failing", {
    steps: () => [
        {
            content: "The list says that the server fails, where a phone shows it",
            trigger: ".o_data_row:contains(Failing mailbox) [name=office365_status]:contains(Failing)",
            run({ anchor }) {
                const { left, right } = anchor.getBoundingClientRect();
                if (left < 0 || right > window.innerWidth) {
                    throw new Error(`The state is from ${left} to ${right}, the window ends at ${window.innerWidth}.`);
                }
            },
        },
        {
            content: "Open the server",
            trigger: ".o_data_row:contains(Failing mailbox) td[name=name]",
            run: "click",
        },
        {
            content: "The banner says when and why, then what to do, then when Odoo asks again, at the reader's own time",
            trigger: ".alert[role=alert]:contains(Last error):not(:contains(UTC))",
            run({ anchor }) {
                const words = anchor.innerText;
                const places = ["Last error", "not connected", "Get-MailboxPermission"].map((each) => words.indexOf(each));
                if (places[0] < 0 || places[1] < places[0] || places[2] < places[1]) {
                    throw new Error(`The order is ${places}: ${words}`);
                }
                if (words.indexOf("Get-MailboxPermission") !== words.lastIndexOf("Get-MailboxPermission")) {
                    throw new Error(`The remedy is there twice: ${words}`);
                }
            },
        },
        {
            content: "Open the activities",
            trigger: ".o_menu_systray [aria-label=Activities], .o_menu_systray .fa-clock-o",
            run: "click",
        },
        {
            content: "Open the one about email",
            trigger: ".o-mail-ActivityGroup:contains(Office 365 Alert)",
            run: "click",
        },
        {
            content: "It names the mailbox",
            trigger: ".o_data_row:contains(Failing mailbox), .o_kanban_record:contains(Failing mailbox)",
        },
    ],
});
