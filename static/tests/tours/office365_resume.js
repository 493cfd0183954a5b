import { registry } from "@web/core/registry";

const { Settings } = luxon;

function offersFailedMail(button) {
    return {
        content: `It says how many emails failed meanwhile: ${button}`,
        trigger: `.modal:contains(1 email failed while it was refused.) footer button:contains(${button})`,
        run: "click",
    };
}

registry.category("web_tour.tours").add("mail_office365_resume", {
    steps: () => [
        {
            content: "End the pause of one server",
            trigger: ".o_data_row:contains(Second server) button[name=action_resume]",
            async run({ click }) {
                Settings.defaultZone = "Pacific/Kiritimati"; // nobody is further from UTC
                await click();
            },
        },
        offersFailedMail("Show Them"),
        {
            content: "They are there",
            trigger: ".o_list_view .o_data_row:contains(Lost offer)",
        },
        {
            content: "Back to the pauses",
            trigger: ".breadcrumb-item a:contains(Pauses), .o_back_button a:contains(Pauses)",
            run: "click",
        },
        {
            content: "Open the other one",
            trigger: ".o_list_view:not(:has(.o_data_row:contains(Second server))) .o_data_row:contains(First server) td[name=reply]",
            run: "click",
        },
        {
            content: "Open its server",
            trigger: ".o_form_view .o_field_widget[name=mail_server_id] a",
            run: "click",
        },
        {
            content: "The banner has one time, the reader's own",
            trigger: ".alert[role=alert]:contains(Next attempt):contains(10:34):not(:contains(8:34))",
            run({ anchor }) {
                const times = anchor.textContent.split("Add-RecipientPermission").length - 1;
                if (times !== 1) {
                    throw new Error(`The remedy is there ${times} times, not once.`);
                }
            },
        },
        {
            content: "End the pause",
            trigger: ".alert[role=alert] button:contains(Resume Now)",
            run: "click",
        },
        offersFailedMail("Retry All"),
        {
            content: "It is said what happens",
            trigger: ".o_notification:contains(Emails back in the queue: 1)",
        },
        {
            content: "The pause is over",
            trigger: ".o_form_view:not(:has(.alert button:contains(Resume Now)))",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_resume_phone", {
    steps: () => [
        {
            content: "What is paused, why and until when is in sight, with the button that ends it",
            trigger: ".o_kanban_record:contains(First server):contains(Mailbox locked out):contains(Next attempt) button[name=action_resume]",
            run: "click",
        },
        {
            content: "It is over",
            trigger: ".o_view_nocontent:contains(Nothing is paused)",
        },
    ],
});
