import { rpcBus } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";

/** Ask the server and wait for the answer, as nothing may happen in the page meanwhile. */
function askNow(url, params) {
    const request = new XMLHttpRequest();
    request.open("POST", url, false);
    request.setRequestHeader("Content-Type", "application/json");
    request.send(JSON.stringify({ jsonrpc: "2.0", method: "call", params }));
    return JSON.parse(request.responseText).result;
}

function callNow(model, method, args) {
    return askNow(`/web/dataset/call_kw/${model}/${method}`, { model, method, args, kwargs: {} });
}

/**
 * Outside of tests, the mail leaves between the commit and the answer, and the bus tells what became of it before the answer arrives. In tests
 * nothing is committed: the answer is held back until both have happened.
 */
function sendBeforeTheAnswer() {
    rpcBus.addEventListener("RPC:RESPONSE", ({ detail: { data, result } }) => {
        if (!result?.message_id) {
            return;
        }
        const { thread_model, thread_id } = data.params;
        callNow("mail.mail", "send", [callNow("mail.mail", "search", [[["mail_message_id", "=", result.message_id]]])]);
        const told = askNow("/mail/thread/messages", { thread_model, thread_id, fetch_params: {} });
        odoo.__WOWL_DEBUG__.root.env.services["mail.store"].insert(told.data);
    });
}

registry.category("web_tour.tours").add("mail_office365_refused_at_once", {
    steps: () => [
        {
            content: "Write to the customer",
            trigger: ".o-mail-Chatter-sendMessage",
            async run({ click }) {
                sendBeforeTheAnswer();
                await click();
            },
        },
        {
            content: "Some words",
            trigger: ".o-mail-Chatter:has(.o-mail-RecipientsInput:contains(Carla)) .o-mail-Composer-input",
            run: "edit Refused offer",
        },
        {
            content: "Send",
            trigger: ".o-mail-Composer:has(.o-mail-Composer-input:value(Refused offer)) .o-mail-Composer-send:enabled",
            run: "click",
        },
        {
            content: "The envelope is red at once",
            trigger: ".o-mail-Message:contains(Refused offer) .o-mail-Message-notification.text-danger [aria-label='Delivery failure']",
            run: "click",
        },
        {
            content: "and says why",
            trigger: ".o-mail-MessageNotificationPopover .o-mail_office365-details summary",
            run: "click",
        },
        {
            content: "in the server's words",
            trigger: ".o-mail-MessageNotificationPopover details[open]:contains(5.1.10)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_chatter", {
    steps: () => [
        {
            content: "The envelope of the deferred mail is no red one, and says so to a screen reader",
            trigger:
                ".o-mail-Message:contains(Deferred offer) .o-mail-Message-notification:not(.text-danger):has(.fa-clock-o[aria-label^='Retrying at'])",
            run: "click",
        },
        {
            content: "It says when the mail is tried again, and why",
            trigger:
                ".o-mail-MessageNotificationPopover:contains(Carla Customer):contains(Retrying at):contains(Server busy):not(:contains(PRX4))",
        },
        {
            content: "The envelope of the failed mail is red",
            trigger: ".o-mail-Message:contains(Failed offer) .o-mail-Message-notification.text-danger",
            run: "click",
        },
        {
            content: "It says why in a plain sentence; the server's words are for others",
            trigger:
                ".o-mail-MessageNotificationPopover:contains(Otto Other):not(:has(details)):not(:contains(5.1.10)) .o-mail_office365-reason:contains(check the address)",
        },
    ],
});
