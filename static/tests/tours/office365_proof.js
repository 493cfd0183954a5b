import { registry } from "@web/core/registry";

const send = {
    content: "Send a proof",
    trigger: "body:not(:has(.modal)) button[name=action_office365_proof]",
    run: "click",
};

registry.category("web_tour.tours").add("mail_office365_proof", {
    steps: () => [
        send,
        {
            content: "The broken leg is named, with the server's words, and what was not checked",
            trigger:
                ".o_mail_office365_proof:has(li:contains(Headers):contains(Not checked)) li:contains(Sent):contains(Failed):contains(432 4.3.2)",
        },
        {
            content: "Its button has the focus, so that Enter closes it",
            trigger: ".modal .o_mail_office365_close:focus",
            run: "press Enter",
        },
        {
            content: "The history names it as well",
            trigger: "body:not(:has(.modal)) [name=round_trip_ids] .o_data_row:contains(Failed):contains(Sent)",
        },
        send,
        {
            content: "The dialog tells how far the email is, to screen readers as well",
            trigger: ".o_mail_office365_proof [role=status][aria-live=polite]:contains(waiting for it in the mailbox)",
        },
        {
            content: "A leg is done, with its seconds, and the next one waits: in words",
            trigger:
                ".o_mail_office365_proof:has([role=timer]:contains(seconds)) li:contains(Sent):contains(Done):contains(/[0-9] s/) ~ li:contains(Reached the Mailbox):contains(Waiting)",
        },
        {
            content: "Cancel",
            trigger: ".modal .o_mail_office365_cancel:enabled",
            run: "click",
        },
        {
            content: "It says so",
            trigger: ".o_mail_office365_proof [role=status]:contains(The proof was cancelled.)",
        },
        {
            content: "Escape closes it",
            trigger: ".modal .o_mail_office365_close",
            run: "press Escape",
        },
        {
            content: "The history says so",
            trigger: "body:not(:has(.modal)) [name=round_trip_ids] .o_data_row:contains(Cancelled)",
        },
        send,
        {
            content: "All of it is proved",
            trigger:
                ".o_mail_office365_proof:not(:has(li:contains(Waiting))):not(:has(li:contains(Failed))) [role=status]:contains(came back in)",
        },
        {
            content: "Close",
            trigger: ".modal .o_mail_office365_close",
            run: "click",
        },
        {
            content: "The history and the checks of the step are there",
            trigger: "body:not(:has(.modal)) [name=round_trip_ids] .o_data_row:contains(Succeeded)",
        },
        {
            content: "with what was checked",
            trigger: "[name=current_check_ids]:contains(Authentication):contains(Done)",
        },
        {
            content: "The heartbeat has begun",
            trigger: "[name=heartbeat_state]:contains(Working)",
        },
    ],
});
